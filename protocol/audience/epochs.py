"""The keys of an audience, hour by hour.

    secret of the next epoch = HKDF-SHA256(secret of this epoch, "next")
    key                      = HKDF-SHA256(secret of this epoch, purpose, the stage's session)

An epoch is an hour of Unix time, so that both ends know it without a word. The ratchet turns one way: a secret opens
its own epoch and all that follow, none before. What that buys is a link that can be given away without what was said
earlier (`Chain.secret_of` of now is the secret of such a link), and a listener that holds nothing of hours gone. It
keeps nobody out: a link once given opens everything after it, until the audience has another secret.
"""

from __future__ import annotations

import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.errors import SealError

__all__ = ["EPOCH_MS", "TAG", "Chain", "Keys", "epoch_of"]

EPOCH_MS: Final = 3_600_000
# As a frame's in a room (`protocol.sealing`): those who have no link forge one message in 2^64.
TAG: Final = 8

_KEY_BYTES = 16
_NONCE_BYTES = 13
_SALT = b"pictophone audience 0"
_SESSION = struct.Struct(">Q")
# Sixty years of hours, which take three seconds: who has a clock that is further off has other troubles.
_FARTHEST = 1 << 19
# Of each of three epochs the speech, the text, the announcement and eight pictures.
_MOST_KEYS = 64


def epoch_of(clock_ms: int) -> int:
    """Return the epoch of a moment of Unix time."""
    return clock_ms // EPOCH_MS


class Chain:
    """The secrets of an epoch and of all that follow. What was forgotten cannot be had again."""

    def __init__(self, since: int, secret: bytes) -> None:
        self._since, self._secret = since, secret

    @property
    def since(self) -> int:
        """The earliest epoch whose secret is still known."""
        return self._since

    def secret_of(self, epoch: int) -> bytes:
        """Return the secret of an epoch, in time that grows with its distance; `SealError` if it is over and gone."""
        if epoch < self._since:
            raise SealError("of an hour before those that the link opens")
        if epoch - self._since > _FARTHEST:
            raise SealError("of an hour in a far future")
        secret = self._secret
        for _ in range(epoch - self._since):
            secret = _expand(secret, b"next")
        return secret

    def forget_before(self, epoch: int) -> None:
        """Turn the ratchet: keep nothing from which earlier epochs could be opened."""
        if self._since < epoch <= self._since + _FARTHEST:
            self._secret, self._since = self.secret_of(epoch), epoch


class Keys:
    """Seals and opens what one session of a stage sends. A number comes once in each epoch and purpose.

    What the chain has forgotten is not kept here either.
    """

    def __init__(self, chain: Chain, session: int) -> None:
        self._chain, self._session = chain, session
        self._since = chain.since
        self._ciphers: dict[tuple[int, str], AESCCM] = {}

    @property
    def kept(self) -> int:
        """How many keys are kept."""
        return len(self._ciphers)

    def seal(self, epoch: int, topic: str, number: int, payload: bytes) -> bytes:
        """Return the sealed payload. The topic's last part is its purpose."""
        return self._cipher(epoch, topic).encrypt(number.to_bytes(_NONCE_BYTES), payload, topic.encode())

    def open(self, epoch: int, topic: str, number: int, sealed: bytes) -> bytes:
        """Return the payload; raise `SealError` if it does not open."""
        try:
            return self._cipher(epoch, topic).decrypt(number.to_bytes(_NONCE_BYTES), sealed, topic.encode())
        except (InvalidTag, ValueError):
            raise SealError("does not open: forged, damaged, or of another audience, session, hour or topic") from None

    def _cipher(self, epoch: int, topic: str) -> AESCCM:
        purpose, since = topic.rpartition("/")[2], self._chain.since
        if self._since < since:
            self._since = since
            self._ciphers = {place: cipher for place, cipher in self._ciphers.items() if place[0] >= since}
        if (cipher := self._ciphers.get((epoch, purpose))) is None:
            if len(self._ciphers) >= _MOST_KEYS:
                self._ciphers.clear()
            info = b"key\0" + purpose.encode() + b"\0" + _SESSION.pack(self._session)
            cipher = AESCCM(_expand(self._chain.secret_of(epoch), info), TAG)
            self._ciphers[epoch, purpose] = cipher
        return cipher


def _expand(secret: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, _SALT, info).derive(secret)
