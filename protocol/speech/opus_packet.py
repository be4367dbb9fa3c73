"""Opus packets taken apart and put together, as RFC 6716, section 3, and libopus's repacketizer do.

The rules R1 to R7 named below are those of section 3.4, "Receiving Malformed Packets". Nothing is decoded
here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from protocol.errors import PacketError

__all__ = [
    "MAX_FRAME_BYTES",
    "MAX_PACKET_MS",
    "OPUS_RATE",
    "SAMPLES_PER_MS",
    "OpusPacket",
    "begins_pause",
    "configuration",
    "duration_ms",
    "empty_like",
    "has_fec",
    "is_dtx",
    "join",
    "padded",
    "parse",
    "split",
]

# RTP timestamps of Opus count at 48 kHz, whatever the encoder's rate (RFC 7587, section 4.1). All timestamps here do.
OPUS_RATE = 48_000
SAMPLES_PER_MS = OPUS_RATE // 1000

# Section 3.2.1: the longest frame that the length code can describe (R2).
MAX_FRAME_BYTES = 1275
# Section 3.2.5: the longest duration of a packet (R5).
MAX_PACKET_MS = 120
# A frame that means "nothing changed" (discontinuous transmission) is at most one byte behind its TOC.
DTX_PACKET_BYTES = 2

# Table 2 of the RFC: frame durations in ms of the 32 configurations, by mode (SILK, hybrid, CELT).
_DURATIONS_MS = (10.0, 20.0, 40.0, 60.0) * 3 + (10.0, 20.0) * 2 + (2.5, 5.0, 10.0, 20.0) * 4
# Configurations from this one on have no SILK in them.
_FIRST_CELT = 16
_SILK_FRAME_MS = 20
_STEREO_FLAG = 4
_CODE_MASK = 3
_COUNT_MASK = 63
_PADDING_FLAG = 64
_VBR_FLAG = 128


@dataclass(frozen=True, slots=True)
class OpusPacket:
    """An Opus packet in parts. `toc` is the first byte without its code bits: configuration and channels.

    `padding` is what a decoder passes over: see `protocol.speech.opus_padding`.
    """

    toc: int
    frames: tuple[bytes, ...]
    padding: bytes = b""

    @property
    def frame_ms(self) -> float:
        """Duration of one frame in ms: 2.5 to 60."""
        return _DURATIONS_MS[self.toc >> 3]

    @property
    def duration_ms(self) -> float:
        """Duration of the packet in ms: at most 120."""
        return self.frame_ms * len(self.frames)


def parse(packet: bytes) -> OpusPacket:
    """Take a packet apart; raise `PacketError` if it breaks one of the rules R1 to R7."""
    if not packet:
        raise PacketError("an empty Opus packet (R1)")
    body, padding = packet[1:], b""
    match packet[0] & _CODE_MASK:
        case 0:
            frames = [body]
        case 1:
            frames = _equal_frames(body, 2)
        case 2:
            frames = _framed_by_length(body, 1)
        case _:
            frames, padding = _counted_frames(body)
    return _checked(OpusPacket(packet[0] & ~_CODE_MASK, tuple(frames), padding))


def join(packets: Sequence[bytes]) -> bytes:
    """Put packets of the same configuration into one, byte for byte as libopus's repacketizer does.

    Raises `PacketError` if one is malformed, if they differ in configuration or channels, or last over 120
    ms.
    """
    parts = [parse(packet) for packet in packets]
    if not parts:
        raise PacketError("no Opus packet to join")
    if any(part.toc != parts[0].toc for part in parts):
        raise PacketError("Opus packets of different configurations cannot share one packet")
    return _build(_checked(OpusPacket(parts[0].toc, tuple(frame for part in parts for frame in part.frames))))


def padded(packet: bytes, padding: bytes) -> bytes:
    """Return the packet with this padding in place of its own; raise `PacketError` as `parse` does.

    However it was put together, it is of code 3 then (section 3.2.5).
    """
    return _build(replace(parse(packet), padding=padding))


def split(packet: bytes) -> list[bytes]:
    """Return each frame as a packet of its own (code 0); raise `PacketError` as `parse` does."""
    parsed = parse(packet)
    return [bytes([parsed.toc]) + frame for frame in parsed.frames]


def duration_ms(packet: bytes) -> float:
    """Return how long a packet lasts; raise `PacketError` as `parse` does."""
    return parse(packet).duration_ms


def configuration(packet: bytes) -> int:
    """Return mode, bandwidth, frame length and channels as one number, the same for all frames of a packet."""
    return parse(packet).toc


def empty_like(packet: bytes) -> bytes:
    """Return an empty frame of the same configuration, which marks its time as not sent."""
    return bytes([configuration(packet)])


def has_fec(packet: OpusPacket) -> bool:
    """Tell whether the packet's first frame holds the speech before it once more and coarser: in-band FEC.

    SILK's header has, for each channel, a bit for every 20 ms that marks voice, and then one for FEC
    (RFC 6716, section 4.2.3).
    """
    first = packet.frames[0]
    if packet.toc >> 3 >= _FIRST_CELT or not first:
        return False
    silk_frames = max(1, round(packet.frame_ms / _SILK_FRAME_MS))
    flags = [first[0] >> (7 - silk_frames)]
    if packet.toc & _STEREO_FLAG:
        flags.append(first[0] >> (6 - 2 * silk_frames))
    return any(flag & 1 for flag in flags)


def begins_pause(packet: bytes) -> bool:
    """Tell whether a packet ends in a frame after which nothing follows for now; False if it is malformed."""
    try:
        return is_dtx(split(packet)[-1])
    except PacketError:
        return False


def is_dtx(packet: bytes) -> bool:
    """Tell whether a packet of one frame means only that the silence goes on."""
    return len(packet) <= DTX_PACKET_BYTES


def _checked(packet: OpusPacket) -> OpusPacket:
    if packet.duration_ms > MAX_PACKET_MS:
        raise PacketError(f"an Opus packet of {packet.duration_ms:g} ms, more than {MAX_PACKET_MS} (R5)")
    if any(len(frame) > MAX_FRAME_BYTES for frame in packet.frames):
        raise PacketError(f"an Opus frame of more than {MAX_FRAME_BYTES} bytes (R2)")
    return packet


def _equal_frames(body: bytes, count: int) -> list[bytes]:
    size, rest = divmod(len(body), count)
    if rest:
        raise PacketError("an Opus packet that does not divide into equal frames (R3, R6)")
    return [body[index * size : (index + 1) * size] for index in range(count)]


def _framed_by_length(body: bytes, lengths: int) -> list[bytes]:
    """Read `lengths` frame lengths, then their frames, then one frame that takes the rest."""
    sizes = []
    for _ in range(lengths):
        size, body = _read_length(body)
        sizes.append(size)
    frames = []
    for size in sizes:
        if size > len(body):
            raise PacketError("an Opus frame longer than its packet (R4, R7)")
        frames.append(body[:size])
        body = body[size:]
    return [*frames, body]


def _counted_frames(body: bytes) -> tuple[list[bytes], bytes]:
    """Read a code 3 packet: a frame count byte, frames of equal or of given lengths, and padding."""
    if not body:
        raise PacketError("an Opus packet without its frame count (R6, R7)")
    flags, body = body[0], body[1:]
    count = flags & _COUNT_MASK
    if not count:
        raise PacketError("an Opus packet of no frame (R5)")
    body, padding = _parted_padding(body) if flags & _PADDING_FLAG else (body, b"")
    if flags & _VBR_FLAG:
        return _framed_by_length(body, count - 1), padding
    return _equal_frames(body, count), padding


def _parted_padding(body: bytes) -> tuple[bytes, bytes]:
    padding = 0
    while True:
        if not body:
            raise PacketError("an Opus packet that ends inside its padding length (R6, R7)")
        step, body = body[0], body[1:]
        # 255 stands for 254 bytes of padding and one more length byte (section 3.2.5).
        padding += min(step, 254)
        if step < 255:
            break
    if padding > len(body):
        raise PacketError("Opus padding longer than its packet (R6, R7)")
    begins = len(body) - padding
    return body[:begins], body[begins:]


def _read_length(body: bytes) -> tuple[int, bytes]:
    """Read a frame length of one or two bytes (section 3.2.1); return it and the rest."""
    if body and body[0] < 252:
        return body[0], body[1:]
    if len(body) < 2:
        raise PacketError("an Opus packet that ends inside a frame length (R4, R7)")
    return body[0] + 4 * body[1], body[2:]


def _write_length(size: int) -> bytes:
    if size < 252:
        return bytes([size])
    return bytes([252 + (size & 3), (size - 252) >> 2])


def _build(packet: OpusPacket) -> bytes:
    frames = packet.frames
    equal = len({len(frame) for frame in frames}) == 1
    lengths = b"" if equal else b"".join(_write_length(len(frame)) for frame in frames[:-1])
    if packet.padding:
        flags = len(frames) | _PADDING_FLAG | (0 if equal else _VBR_FLAG)
        head = bytes([packet.toc | 3, flags]) + _padding_length(len(packet.padding))
    elif len(frames) == 1:
        head = bytes([packet.toc])
    elif len(frames) == 2:
        head = bytes([packet.toc | (1 if equal else 2)])
    else:
        head = bytes([packet.toc | 3, len(frames) | (0 if equal else _VBR_FLAG)])
    return head + lengths + b"".join(frames) + packet.padding


def _padding_length(size: int) -> bytes:
    # 255 stands for 254 bytes and one more length byte.
    more, last = divmod(size, 254) if size % 254 else (size // 254 - 1, 254)
    return b"\xff" * more + bytes([last])
