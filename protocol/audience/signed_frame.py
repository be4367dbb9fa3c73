"""Pictures and lines of text of a stage: each is signed, and then sealed.

    number (4) | sealed (payload, signature (64)), tag (8)

What is signed is the stage's session, the number and the payload, for its topic: no listener can seal it once more as
something newer.
"""

from __future__ import annotations

import struct
from typing import Final

from protocol.audience.epochs import TAG, Keys
from protocol.audience.signing import SIGNATURE_BYTES, SpeakerKey, SpeakerName
from protocol.errors import SealError
from protocol.frames import MAX_FRAME_BYTES

__all__ = ["OVERHEAD", "PICTURE_LETTER", "TEXT_LETTER"]

PICTURE_LETTER: Final = "p"
TEXT_LETTER: Final = "t"

_NUMBER = struct.Struct(">I")
_PLACE = struct.Struct(">QI")
# What a frame grows by.
OVERHEAD: Final = _NUMBER.size + SIGNATURE_BYTES + TAG
# A member of the stage before a line.
_MOST_BYTES = 1 + MAX_FRAME_BYTES


def seal(keys: Keys, epoch: int, topic: str, key: SpeakerKey, session: int, number: int, payload: bytes) -> bytes:
    """Return what is published: `payload` signed and sealed."""
    signature = key.sign(topic, _PLACE.pack(session, number) + payload)
    return _NUMBER.pack(number) + keys.seal(epoch, topic, number, payload + signature)


def number_of(sealed: bytes) -> int:
    """Return the number of what was published; raise `SealError` for lengths that nothing sealed has."""
    if not 0 <= len(sealed) - OVERHEAD <= _MOST_BYTES:
        raise SealError(f"a frame to an audience does not have {len(sealed)} bytes")
    number: int = _NUMBER.unpack_from(sealed)[0]
    return number


def sealed_part(sealed: bytes) -> bytes:
    """Return what follows the number."""
    return sealed[_NUMBER.size :]


def check(opened: bytes, topic: str, speaker: SpeakerName, session: int, number: int) -> bytes:
    """Return the payload of what opened; raise `SignatureError` unless the speaker signed it."""
    payload, signature = opened[:-SIGNATURE_BYTES], opened[-SIGNATURE_BYTES:]
    speaker.check(topic, _PLACE.pack(session, number) + payload, signature)
    return payload
