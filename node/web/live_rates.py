"""Live rates of one person's speech and pictures: bits per second over the last moments, loss over the last packets."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from node.links.wire_meter import IPV4_HEADER, UDP_HEADER, tcp_message_cost
from node.vision.stats import RAW_BITS, RAW_WHAT
from protocol import envelope
from protocol.errors import PacketError
from protocol.rtp.sequence import unwrap
from protocol.sealing import FRAME_OVERHEAD
from protocol.speech import opus_packet
from protocol.topics import NODE_LENGTH, ROOM_LENGTH

# The window of speech rates: 16 packets of 120 ms, so that one more or less is no jump.
SPEECH_WINDOW_S = 2.0

# The window of picture rates: pictures come every few seconds, as do the frames that say that one still holds.
PICTURE_WINDOW_S = 30.0

# Packets over which loss is shown: 24 s of talking in packets of 120 ms.
LOSS_WINDOW = 200

# A jump of sequence numbers beyond this begins another count (RFC 3550, appendix A.1).
MAX_DROPOUT = 3_000

# How long a person is shown as talking after a packet with sound.
TALKING_HOLD_S = 0.4

# Bytes of IPv4, UDP, RTP and the SRTP tag of AES-CM; used where the overhead is not measured.
RTP_OVERHEAD = IPV4_HEADER + UDP_HEADER + 12 + 10

# Bytes of an MQTT message: fixed header, length of the topic, and the topic, `ROOM/NODE/p`.
MQTT_OVERHEAD = 2 + 2 + ROOM_LENGTH + NODE_LENGTH + 3

VIDEO_KBPS = 600.0
VIDEO_WHAT = "a video call between two people in standard quality, each way"
VIDEO_SOURCE = "Zoom's system requirements: 600 kbit/s up and down for 1:1 high-quality video"
# What a page compares with: ordinary video, and the raw picture that ratios are against.
REFERENCE = {
    "video_kbps": VIDEO_KBPS,
    "what": VIDEO_WHAT,
    "source": VIDEO_SOURCE,
    "raw_bits": RAW_BITS,
    "raw": RAW_WHAT,
}


def frame_cost(frame: bytes) -> int:
    """Return the bytes of a semantic frame on the wire: with seal, MQTT, TCP, IPv4 and the acknowledgement."""
    return tcp_message_cost(len(envelope.shorten(frame)) + FRAME_OVERHEAD + MQTT_OVERHEAD)


@dataclass(slots=True)
class _Window:
    """Bytes of the last `seconds`."""

    seconds: float
    _items: deque[tuple[float, int]] = field(default_factory=deque)
    _sum: int = 0

    def add(self, size: int, now: float) -> None:
        self._items.append((now, size))
        self._sum += size

    def bits_per_second(self, now: float, since: float) -> float:
        """Return the rate over the window, or since `since` (in seconds) if that is shorter."""
        while self._items and self._items[0][0] < now - self.seconds:
            self._sum -= self._items.popleft()[1]
        return self._sum * 8 / min(max(now - since, 1.0), self.seconds)


@dataclass(slots=True)
class LiveRates:
    """Rates of one person since `began`. Times are seconds of a monotonic clock, `overhead` is in bytes a packet."""

    began: float
    overhead: float = RTP_OVERHEAD
    delay_ms: float | None = None
    _payload: _Window = field(default_factory=lambda: _Window(SPEECH_WINDOW_S))
    _wire: _Window = field(default_factory=lambda: _Window(SPEECH_WINDOW_S))
    _pictures: _Window = field(default_factory=lambda: _Window(PICTURE_WINDOW_S))
    _numbers: deque[int] = field(default_factory=lambda: deque(maxlen=LOSS_WINDOW))
    _total_bytes: float = 0.0
    _talked_at: float = float("-inf")
    _raw_bits: int = 0
    _caption_bits: int = 0

    def add_packet(self, sequence: int | None, payload: bytes, copies_bytes: int, now: float) -> None:
        """Count a speech packet; without a sequence number it is one of the node's own, which cannot be lost."""
        size = len(payload) + copies_bytes
        self._payload.add(size, now)
        self._wire.add(round(size + self.overhead), now)
        self._total_bytes += size + self.overhead
        if sequence is not None:
            self._note_number(sequence)
        if _has_sound(payload):
            self._talked_at = now

    def add_frame(self, wire_bytes: int, now: float) -> None:
        """Count a semantic frame."""
        self._pictures.add(wire_bytes, now)
        self._total_bytes += wire_bytes

    def add_picture(self, raw_bits: int, bits: int) -> None:
        """Count a picture of `raw_bits` pixels' bits that was sent as a caption of `bits`; one of unknown cost not."""
        if bits:
            self._raw_bits += raw_bits
            self._caption_bits += bits

    @property
    def loss(self) -> float | None:
        """The share of the last `LOSS_WINDOW` packets that were lost; None before the second packet."""
        if len(self._numbers) < 2:
            return None
        span = max(self._numbers) - min(self._numbers) + 1
        return max(0.0, 1 - len(set(self._numbers)) / span)

    def read(self, now: float) -> dict[str, Any]:
        """Return what docs/web-api.md calls meters."""
        wire_kbps = self._wire.bits_per_second(now, self.began) / 1000
        pictures = self._pictures.bits_per_second(now, self.began)
        mean_kbps = self._total_bytes * 8 / 1000 / max(now - self.began, 1.0)
        return {
            "talking": now - self._talked_at < TALKING_HOLD_S,
            "speech_kbps": round(self._payload.bits_per_second(now, self.began) / 1000, 2),
            "wire_kbps": round(wire_kbps, 2),
            "picture_bps": round(pictures),
            "total_kbps": round(wire_kbps + pictures / 1000, 2),
            "loss": None if (loss := self.loss) is None else round(loss, 4),
            "delay_ms": None if self.delay_ms is None else round(self.delay_ms),
            "ratio_raw": round(self._raw_bits / self._caption_bits) if self._caption_bits else None,
            "ratio_video": round(VIDEO_KBPS / mean_kbps, 1) if now - self._talked_at < SPEECH_WINDOW_S else None,
        }

    def _note_number(self, sequence: int) -> None:
        if not self._numbers:
            self._numbers.append(sequence)
            return
        number = unwrap(sequence, 16, near=self._numbers[-1])
        if abs(number - self._numbers[-1]) > MAX_DROPOUT:
            self._numbers.clear()
        self._numbers.append(number)


def _has_sound(payload: bytes) -> bool:
    try:
        return not all(map(opus_packet.is_dtx, opus_packet.split(payload)))
    except PacketError:
        return False
