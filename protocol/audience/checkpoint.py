"""Proof that speech is the speaker's: a signature over the digests of the last messages.

    digests (1) | digest (8) of each, the last one's last | signature (64)

A signature in every message would cost 2.1 kbit/s; one in four, over the digests of the last eight, costs 1.1, and a
lost one leaves nothing unproven but itself. A digest is the first 8 bytes of SHA-256 over the message's number and its
content: a listener who wants to speak in the speaker's name has two seconds for 2^64 tries.
"""

from __future__ import annotations

import hashlib
import struct
from collections import deque
from typing import Final, NamedTuple

from protocol.audience.signing import SIGNATURE_BYTES, SpeakerKey, SpeakerName
from protocol.errors import SealError

__all__ = ["CHECKPOINT_EVERY", "Checkpoint", "CheckpointWriter", "digest_of"]

# A second of speech.
CHECKPOINT_EVERY: Final = 4
_COVERED = 2 * CHECKPOINT_EVERY
_DIGEST_BYTES = 8
_PLACE = struct.Struct(">QI")
_NUMBER = struct.Struct(">I")


def digest_of(number: int, content: bytes) -> bytes:
    """Return what stands for a message in checkpoints."""
    return hashlib.sha256(_NUMBER.pack(number) + content).digest()[:_DIGEST_BYTES]


class Checkpoint(NamedTuple):
    """What the speaker says of the messages up to `number`: the digests of the last ones."""

    number: int
    digests: tuple[bytes, ...]

    @property
    def proven(self) -> dict[int, bytes]:
        """The digest of each message that is proven."""
        return dict(enumerate(self.digests, self.number + 1 - len(self.digests)))


class CheckpointWriter:
    """The speaker's: remembers what was said, and signs it."""

    def __init__(self, key: SpeakerKey, topic: str, session: int) -> None:
        self._key, self._topic, self._session = key, topic, session
        self._recent: deque[bytes] = deque(maxlen=_COVERED)
        self.unproven = 0

    def add(self, number: int, content: bytes) -> None:
        """Remember a message; numbers come without a gap."""
        self._recent.append(digest_of(number, content))
        self.unproven += 1

    def write(self, number: int) -> bytes:
        """Return a checkpoint behind the message of this number, the last that was added."""
        self.unproven = 0
        digests = b"".join(self._recent)
        signature = self._key.sign(self._topic, _PLACE.pack(self._session, number) + digests)
        return bytes((len(self._recent),)) + digests + signature


def read(data: bytes, number: int, speaker: SpeakerName, topic: str, session: int) -> Checkpoint:
    """Read the checkpoint behind the message of this number; raise `SealError` if it is none of the speaker's."""
    count = data[0] if data else 0
    if not 0 < count <= min(_COVERED, number + 1) or len(data) != 1 + count * _DIGEST_BYTES + SIGNATURE_BYTES:
        raise SealError("a checkpoint that is none")
    digests = data[1:-SIGNATURE_BYTES]
    speaker.check(topic, _PLACE.pack(session, number) + digests, data[-SIGNATURE_BYTES:])
    split = tuple(digests[at : at + _DIGEST_BYTES] for at in range(0, len(digests), _DIGEST_BYTES))
    return Checkpoint(number, split)
