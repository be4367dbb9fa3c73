"""The simulation of a call in memory, faster than real time: real encoder, jitter buffer and decoder, simulated link.

It measures what losses, drifting clocks and slow links do to speech.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from node.speech.audio_io import Captured
from node.speech.libopus import OpusDecoder
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm, seconds_of
from node.speech.profiles import Profile
from node.speech.rates import PACKET_HEADERS
from node.speech.receive_stream import ReceiveStream
from node.speech.send_stream import SendStream, SpeechPacket
from protocol.rtp import red
from protocol.speech.opus_packet import OPUS_RATE
from protocol.speech.playout import Conceal, Play, Playout, PlayoutEvent, Silence

OPUS_TYPE = 96

# A packet that would wait longer before a slow link is dropped there.
MAX_QUEUE_MS = 1000.0

BLOCK_MS = BLOCK_SAMPLES * 1000 / SAMPLE_RATE
START_MS = 1000.0


def wire_bytes(packet: SpeechPacket) -> int:
    """Return the size of a packet from the IP header on."""
    payload = red.pack(packet.payload, packet.copies, OPUS_TYPE) if packet.copies else packet.payload
    return PACKET_HEADERS + len(payload)


async def encoded_packets(pcm: Pcm, profile: Profile, redundancy: int = 0) -> list[SpeechPacket]:
    """Return the packets that a node sends of this sound, pauses included: a loss counts wherever it lies."""
    talker = SendStream(_ArraySource(pcm, profile.frame_samples), replace(profile, redundancy=redundancy, dtx=False))
    return [packet async for packet in talker]


@dataclass(frozen=True, slots=True)
class _ArraySource:
    pcm: Pcm
    frame: int

    async def __aiter__(self) -> AsyncIterator[Captured]:
        for start in range(0, len(self.pcm) - self.frame + 1, self.frame):
            yield Captured(self.pcm[start : start + self.frame], seconds_of(start))


def _no_loss(number: int) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class SimulatedPath:
    """A simulated way through the network: losses, delay and its spread, the receiver's clock against the sender's.

    `kbps` is the rate of a link with a queue before it, `others` the cross traffic, as bytes and ms between.
    """

    lost: Callable[[int], bool] = _no_loss
    delay_ms: float = 50.0
    jitter_ms: float = 0.0
    drift_ppm: float = 0.0
    kbps: float = float("inf")
    others: tuple[int, float] = (0, float("inf"))
    seed: int = 1

    def arrivals(self, packets: Iterable[SpeechPacket]) -> Iterator[tuple[float, int, SpeechPacket]]:
        """Yield each packet that arrives: when (ms, on the receiver's clock), its number, and the packet."""
        draw, free_ms, other_ms = random.Random(self.seed), 0.0, 0.0
        for number, packet in enumerate(packets):
            ready_ms = START_MS + packet.timestamp * 1000 / OPUS_RATE + packet.duration_ms
            while other_ms < ready_ms:
                free_ms = max(free_ms, other_ms) + self.others[0] * 8 / self.kbps
                other_ms += self.others[1]
            if free_ms - ready_ms > MAX_QUEUE_MS:
                continue
            free_ms = max(free_ms, ready_ms) + wire_bytes(packet) * 8 / self.kbps
            if not self.lost(number):
                at_ms = free_ms + self.delay_ms + draw.uniform(0, self.jitter_ms)
                yield at_ms * (1 + self.drift_ppm / 1e6), number, packet


class _GapMeter(Playout):
    """A playout that measures for how long no speech came out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.gap_ms = self.gap_ms_max = 0.0
        self.waits_ms: list[float] = []
        self.begun = False

    def take(self, now: float) -> PlayoutEvent:
        """Return the next piece of sound."""
        sound = super().take(now)
        match sound:
            case Play(wait_ms=wait_ms):
                self.begun, self.gap_ms = True, 0.0
                self.waits_ms.append(wait_ms)
            case Conceal(ms=ms) | Silence(ms=ms) if self.begun:
                self.gap_ms += ms
                self.gap_ms_max = max(self.gap_ms_max, self.gap_ms)
        return sound


@dataclass
class CallSimulation:
    """One direction of a call. `packets` may be endless; `decoder` is an OpusDecoder, unless another is given."""

    packets: Iterable[SpeechPacket]
    path: SimulatedPath = field(default_factory=SimulatedPath)
    decoder: OpusDecoder = field(default_factory=OpusDecoder)

    def __post_init__(self) -> None:
        self.playout = _GapMeter()
        self.listener = ReceiveStream(self.playout, self.decoder)

    @property
    def gap_ms_max(self) -> float:
        """The longest time for which no sent speech was played, pauses included."""
        return self.playout.gap_ms_max

    def blocks(self, seconds: float) -> Iterator[Pcm]:
        """Yield the sound of so many seconds from the first sample that was sent, 20 ms at a time."""
        arrivals = self.path.arrivals(self.packets)
        following = next(arrivals, None)
        for block in range(round(seconds * 1000 / BLOCK_MS)):
            now_ms = START_MS + block * BLOCK_MS
            while following is not None and following[0] <= now_ms:
                at_ms, number, packet = following
                self.listener.receive(
                    number % (1 << 16), packet.timestamp % (1 << 32), packet.payload, at_ms / 1000, packet.copies
                )
                following = next(arrivals, None)
            yield self.listener.pull(BLOCK_SAMPLES, now_ms / 1000)

    def decode(self, seconds: float) -> Pcm:
        """Return the same in one piece."""
        return np.concatenate(list(self.blocks(seconds)))


def exact_losses(share: float, burst: int, packets: int, seed: int) -> Callable[[int], bool]:
    """Return a pattern that loses this share of so many packets, in bursts of this length, at random places.

    Two bursts may follow each other at once.
    """
    bursts = round(share * packets / burst)
    arriving = packets - bursts * burst
    positions = sorted(random.Random(seed).sample(range(arriving + bursts), bursts))
    lost = {first + index * (burst - 1) + step for index, first in enumerate(positions) for step in range(burst)}
    return lost.__contains__


def sent_kbps(packets: Sequence[SpeechPacket], seconds: float) -> float:
    """Return the rate of packets from the IP header on."""
    return sum(map(wire_bytes, packets)) * 8 / seconds / 1000
