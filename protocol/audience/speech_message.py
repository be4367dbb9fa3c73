"""One message of speech: 240 ms of one member of the stage, with a checkpoint behind every fourth.

    last 2 bytes of the number | sealed message, tag (8)

and the message in it

    member (3 bits, lowest), checkpoint follows (1), packets (4) | start (4) | each packet: length (1 or 2), Opus

`start` counts units of 10 ms on the member's own time line. Packets follow one another without a gap; lengths are
written as Opus writes those of frames (RFC 6716, section 3.2.1). A message may have no packet: then it is there for its
checkpoint (`protocol.audience.checkpoint`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from protocol.errors import PacketError
from protocol.speech import opus_packet
from protocol.speech.opus_packet import SAMPLES_PER_MS

__all__ = [
    "HINT",
    "HINTS",
    "MAX_SPEECH_BYTES",
    "MESSAGE_MS",
    "MOST_PACKETS",
    "SAMPLES_PER_TICK",
    "SPEECH_LETTER",
    "TICK_MS",
    "SpeechMessage",
    "decode",
]
__all__ += ["with_checkpoint"]

SPEECH_LETTER: Final = "v"
# What every listener pays a message in headers is 84 bytes: 120 ms would cost everybody 2.8 kbit/s more. Longer ones
# would be waited for, and a lost one be heard.
MESSAGE_MS: Final = 240
# Of a member's time line, and RTP timestamps (48 kHz) in one.
TICK_MS: Final = 10
SAMPLES_PER_TICK: Final = TICK_MS * SAMPLES_PER_MS
# 240 ms of Opus at 64 kbit/s, twice.
MAX_SPEECH_BYTES: Final = 4096

# What of the number goes with a message.
HINT: Final = struct.Struct(">H")
HINTS: Final = 1 << 8 * HINT.size

_HEAD = struct.Struct(">BI")
_MEMBER_MASK = 7
_CHECKPOINT_FLAG = 8
_COUNT_SHIFT = 4
MOST_PACKETS = 15
_START_BITS = 32
_ONE_BYTE = 252


@dataclass(frozen=True, slots=True)
class SpeechMessage:
    """Packets of one member in a row, from `start` on (units of `TICK_MS`)."""

    member: int
    start: int
    packets: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.member <= _MEMBER_MASK or not 0 <= self.start < 1 << _START_BITS:
            raise PacketError("no member of a stage, or no time")
        if len(self.packets) > MOST_PACKETS:
            raise PacketError("more packets than a message holds")
        for packet in self.packets:
            opus_packet.parse(packet)

    @property
    def duration_ms(self) -> float:
        """How long it lasts."""
        return sum(map(opus_packet.duration_ms, self.packets))

    def encode(self) -> bytes:
        """Return the bytes that a checkpoint proves."""
        head = _HEAD.pack(self.member | len(self.packets) << _COUNT_SHIFT, self.start)
        return head + b"".join(_length(len(packet)) + packet for packet in self.packets)


def with_checkpoint(content: bytes, checkpoint: bytes) -> bytes:
    """Return what `encode` gave, with a checkpoint behind it."""
    return bytes((content[0] | _CHECKPOINT_FLAG,)) + content[1:] + checkpoint


def decode(data: bytes) -> tuple[SpeechMessage, bytes, bytes]:
    """Return a message, the bytes of it that a checkpoint proves, and its checkpoint, if any; raise `PacketError`."""
    if not _HEAD.size <= len(data) <= MAX_SPEECH_BYTES:
        raise PacketError(f"speech to an audience does not have {len(data)} bytes")
    head, start = _HEAD.unpack_from(data)
    packets, end = [], _HEAD.size
    for _ in range(head >> _COUNT_SHIFT):
        size, begin = _read_length(data, end)
        end = begin + size
        if end > len(data):
            raise PacketError("a packet longer than its message")
        packets.append(data[begin:end])
    if (end < len(data)) != bool(head & _CHECKPOINT_FLAG):
        raise PacketError("more or less than the head of a message says")
    content = bytes((head & ~_CHECKPOINT_FLAG,)) + data[1:end]
    return SpeechMessage(head & _MEMBER_MASK, start, tuple(packets)), content, data[end:]


def _length(size: int) -> bytes:
    if size < _ONE_BYTE:
        return bytes((size,))
    return bytes((_ONE_BYTE + (size & 3), (size - _ONE_BYTE) >> 2))


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    """Return a length, and where what it is of begins."""
    if at >= len(data):
        raise PacketError("a message that ends before its packets")
    if data[at] < _ONE_BYTE:
        return data[at], at + 1
    if at + 1 >= len(data):
        raise PacketError("a message that ends inside a length")
    return data[at] + 4 * data[at + 1], at + 2
