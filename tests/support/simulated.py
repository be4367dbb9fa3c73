"""A simulated link: speech as packets with their times of arrival, and a sound clock that plays them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from protocol.rtp.red import Copy
from protocol.speech import opus_packet
from protocol.speech.playout import Conceal, Play, Playout, PlayoutEvent
from protocol.speech.redundancy import RedundancyEncoder

# Of the RFC's configurations: SILK narrowband, 60 and 20 ms.
TOC = {60: b"\x18", 20: b"\x08"}
# A frame with a voice in its first 20 ms and no FEC (section 4.2.3).
VOICE = b"\x80voice"
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Sent:
    """A packet on its way: when it comes, and what."""

    arrives_ms: float
    sequence: int
    timestamp: int
    payload: bytes
    copies: tuple[Copy, ...] = ()


@dataclass
class Run:
    """What a simulated listener heard."""

    playout: Playout
    heard: list[tuple[float, PlayoutEvent]]

    def plays(self) -> list[Play]:
        return [sound for _, sound in self.heard if isinstance(sound, Play)]

    def waits_ms(self) -> list[float]:
        return [play.wait_ms for play in self.plays()]

    def conceals(self) -> list[Conceal]:
        return [sound for _, sound in self.heard if isinstance(sound, Conceal)]

    def concealed_ms(self) -> float:
        return sum(sound.ms for sound in self.conceals())


def talk(ms: float, packet_ms: int = 120, frame_ms: int = 60, first: int = 0, start_ms: float = 0) -> list[Sent]:
    """Return a stream of speech as it comes over a perfect link: each packet once its last frame is complete."""
    frames = [TOC[frame_ms] + VOICE] * (packet_ms // frame_ms)
    return [
        Sent(
            start_ms + (index + 1) * packet_ms,
            (first + index) % 2**16,
            (first * 960 + index * packet_ms * 48) % 2**32,
            opus_packet.join(frames),
        )
        for index in range(int(ms / packet_ms))
    ]


def with_copies(packets: Iterable[Sent], redundancy: int) -> list[Sent]:
    """The same stream as a sender with this redundancy sends it. Its timestamps must not wrap."""
    copies = RedundancyEncoder(redundancy)
    return [replace(packet, copies=copies.beside(packet.timestamp, packet.payload)) for packet in packets]


def lossy(packets: Iterable[Sent], share: float, burst: int = 1) -> list[Sent]:
    draw, left, kept = random.Random(2), 0, []
    for packet in packets:
        if not left and draw.random() < share / burst:
            left = burst
        if left:
            left -= 1
        else:
            kept.append(packet)
    return kept


def jittery(packets: Iterable[Sent], ms: float) -> list[Sent]:
    draw = random.Random(3)
    moved = [replace(packet, arrives_ms=packet.arrives_ms + draw.uniform(0, ms)) for packet in packets]
    return sorted(moved, key=lambda packet: packet.arrives_ms)


def drifting(packets: Iterable[Sent], ppm: float) -> list[Sent]:
    return [replace(packet, arrives_ms=packet.arrives_ms * (1 + ppm / 1e6)) for packet in packets]


def listen(packets: list[Sent], until_ms: float, playout: Playout | None = None, start_ms: float = 7) -> Run:
    playout = playout or Playout()
    run, waiting, now_ms = Run(playout, []), iter([*packets, None]), start_ms
    packet = next(waiting)
    while now_ms < until_ms:
        while packet is not None and packet.arrives_ms <= now_ms:
            playout.receive(packet.sequence, packet.timestamp, packet.payload, packet.arrives_ms / 1000, packet.copies)
            packet = next(waiting)
        sound = playout.take(now_ms / 1000)
        run.heard.append((now_ms, sound))
        now_ms += opus_packet.duration_ms(sound.frame) / sound.speed if isinstance(sound, Play) else sound.ms
    return run
