"""What one person's speech and pictures cost, as it is now: rates over the last moments, loss over the last packets."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from node.links.wire_meter import IPV4_HEADER, UDP_HEADER, tcp_message_cost
from protocol import envelope
from protocol.errors import PacketError
from protocol.rtp.sequence import unwrap
from protocol.sealing import FRAME_OVERHEAD
from protocol.speech import opus_packet
from protocol.topics import NODE_LENGTH, ROOM_LENGTH

SPEECH_WINDOW_S = 2.0
"""Speech is metered over this time: 16 packets of 120 ms, so that one more or less is no jump."""

PICTURE_WINDOW_S = 30.0
"""Pictures come every few seconds, as do the frames that say that one still holds."""

LOSS_WINDOW = 200
"""Packets over which loss is shown: 24 s of talking in packets of 120 ms."""

MAX_DROPOUT = 3_000
"""A sequence number further off begins another count (RFC 3550, appendix A.1)."""

TALKING_S = 0.4
"""Who sent a packet with sound in it so lately is talking."""

RTP_OVERHEAD = IPV4_HEADER + UDP_HEADER + 12 + 10
"""IPv4, UDP, RTP and the SRTP tag of AES-CM, where it is not measured."""

MQTT_OVERHEAD = 2 + 2 + ROOM_LENGTH + NODE_LENGTH + 3
"""Fixed header, length of the topic, and the topic, `ROOM/NODE/p`."""

VIDEO_KBPS = 600.0
VIDEO_WHAT = "a video call between two people in standard quality, each way"
VIDEO_SOURCE = "Zoom's system requirements: 600 kbit/s up and down for 1:1 high-quality video"


def frame_cost(frame: bytes) -> int:
    """Return what a semantic frame costs on the wire, in bytes: with seal, MQTT, TCP, IPv4 and the acknowledgement."""
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
        """The rate; of less than a whole window if counting began `since` then."""
        while self._items and self._items[0][0] < now - self.seconds:
            self._sum -= self._items.popleft()[1]
        return self._sum * 8 / min(max(now - since, 1.0), self.seconds)


@dataclass(slots=True)
class LiveRates:
    """Of one person since `began`. Times are on the monotonic clock, in seconds."""

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
    _word_bits: int = 0

    def packet(self, sequence: int | None, payload: bytes, copies_bytes: int, now: float) -> None:
        """A packet of speech crossed the wire; without a sequence number it is one of ours, which cannot be lost."""
        size = len(payload) + copies_bytes
        self._payload.add(size, now)
        self._wire.add(round(size + self.overhead), now)
        self._total_bytes += size + self.overhead
        if sequence is not None:
            self._note_number(sequence)
        if _has_sound(payload):
            self._talked_at = now

    def frame(self, wire_bytes: int, now: float) -> None:
        """A frame crossed the wire."""
        self._pictures.add(wire_bytes, now)
        self._total_bytes += wire_bytes

    def picture(self, raw_bits: int, bits: int) -> None:
        """A picture of so many raw bits went as so many bits of words."""
        self._raw_bits += raw_bits
        self._word_bits += bits

    @property
    def loss(self) -> float | None:
        """The share of the last packets that did not come."""
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
            "talking": now - self._talked_at < TALKING_S,
            "speech_kbps": round(self._payload.bits_per_second(now, self.began) / 1000, 2),
            "wire_kbps": round(wire_kbps, 2),
            "picture_bps": round(pictures),
            "total_kbps": round(wire_kbps + pictures / 1000, 2),
            "loss": None if (loss := self.loss) is None else round(loss, 4),
            "delay_ms": None if self.delay_ms is None else round(self.delay_ms),
            "ratio_raw": round(self._raw_bits / self._word_bits) if self._word_bits else None,
            "ratio_video": round(VIDEO_KBPS / mean_kbps, 1) if self._total_bytes else None,
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
