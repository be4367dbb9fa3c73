"""That a stage is live, said and signed every ten seconds, retained for those who come.

    kind (1), key (32), session (8), number (4), time (6) | sealed body, tag (8) | signature (64)

Time is Unix time in milliseconds, from which the epoch follows; kind 1 is live, 2 the end. The body is a msgpack array
(`protocol.envelope`, kind 1): the numbers of the next speech and of the next text, those of the pictures that are
retained, the names of those on stage, the codebooks as a hello has them. All that precedes the signature is signed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from protocol import envelope
from protocol.audience.epochs import TAG, Keys, epoch_of
from protocol.audience.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES
from protocol.errors import SignalError

__all__ = ["ANNOUNCEMENT_LETTER", "MAX_ANNOUNCEMENT_BYTES", "MAX_MEMBERS", "NO_PICTURE", "Announced", "Body"]
__all__ += ["Envelope", "unsigned"]

ANNOUNCEMENT_LETTER: Final = "a"
# As many as a room has.
MAX_MEMBERS: Final = 8
# The number of a member's picture while there is none.
NO_PICTURE: Final = 0
# Eight names of 64 bytes, and the rest.
MAX_ANNOUNCEMENT_BYTES: Final = 1024

_LIVE, _END = 1, 2
_HEAD = struct.Struct(f">B{PUBLIC_KEY_BYTES}sQI6s")
_NUMBER_BITS = 32
_NAME_BYTES = 64
_MOST_CODEBOOKS = 8
_HASH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Body:
    """What an announcement says to those who have the link.

    `speech` and `text` are the numbers of the next message of each; `pictures[member]` is the number of the member's
    newest picture, `NO_PICTURE` if there is none; `codebooks` are pairs of an id and a hash of four bytes.
    """

    speech: int
    text: int
    pictures: tuple[int, ...]
    names: tuple[str, ...]
    codebooks: tuple[tuple[int, bytes], ...] = ()

    def __post_init__(self) -> None:
        for number in (self.speech, self.text, *self.pictures):
            envelope.bounded_int("number", number, _NUMBER_BITS)
        if not 1 <= len(self.names) <= MAX_MEMBERS or len(self.pictures) != len(self.names):
            raise ValueError("no stage of one to eight, with a picture's number for each")
        for name in self.names:
            envelope.bounded_text("name", name, _NAME_BYTES)
        if len(self.codebooks) > _MOST_CODEBOOKS:
            raise ValueError("too many codebooks")
        for codec, digest in self.codebooks:
            envelope.bounded_int("codebook", codec, 16)
            if len(envelope.bounded_bytes("codebook", digest, _HASH_BYTES)) != _HASH_BYTES:
                raise ValueError("a codebook's hash is too short")

    def encode(self) -> bytes:
        """Return the bytes that are sealed."""
        codebooks = [list(codebook) for codebook in self.codebooks]
        return envelope.pack(1, [self.speech, self.text, list(self.pictures), list(self.names), codebooks])

    @classmethod
    def decode(cls, data: bytes) -> Body:
        """Read what `encode` wrote; raise `SignalError`, or `VersionError` if a newer version wrote it."""
        try:
            kind, fields = envelope.unpack(data, MAX_ANNOUNCEMENT_BYTES)
            if kind != 1:
                raise ValueError(f"unknown kind {kind}")
            return cls._build(*fields[:5])
        except (TypeError, ValueError) as error:
            raise SignalError(f"not an announcement: {error}") from None

    @classmethod
    def _build(cls, speech: Any, text: Any, pictures: Any, names: Any, codebooks: Any = ()) -> Body:
        pairs = tuple((codec, digest) for codec, digest in codebooks)
        return cls(speech, text, tuple(pictures), tuple(names), pairs)


class Announced(NamedTuple):
    """What stands in an announcement's head."""

    ends: bool
    key: bytes
    session: int
    number: int
    time_ms: int


class Envelope(NamedTuple):
    """An announcement in parts: `signed` is all that precedes its signature."""

    announced: Announced
    sealed: bytes
    signed: bytes
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> Envelope:
        """Take an announcement apart, unproven as it is; raise `SignalError`."""
        if not _HEAD.size + TAG + SIGNATURE_BYTES <= len(data) <= MAX_ANNOUNCEMENT_BYTES:
            raise SignalError(f"an announcement does not have {len(data)} bytes")
        kind, key, session, number, time = _HEAD.unpack_from(data)
        if kind not in (_LIVE, _END):
            raise SignalError(f"an announcement of the unknown kind {kind}")
        announced = Announced(kind == _END, key, session, number, int.from_bytes(time))
        signed, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        return cls(announced, signed[_HEAD.size :], signed, signature)

    def open(self, keys: Keys, topic: str) -> Body:
        """Return the body; raise `SealError` or `SignalError`."""
        announced = self.announced
        return Body.decode(keys.open(epoch_of(announced.time_ms), topic, announced.number, self.sealed))


def unsigned(announced: Announced, body: Body, keys: Keys, topic: str) -> bytes:
    """Return an announcement that lacks only its signature."""
    ends, key, session, number, time_ms = announced
    head = _HEAD.pack(_END if ends else _LIVE, key, session, number, time_ms.to_bytes(6))
    return head + keys.seal(epoch_of(time_ms), topic, number, body.encode())
