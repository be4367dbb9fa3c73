"""The speech of one node: what it says goes to every link, what its peers say is mixed into one sound."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from node.call.stats import SpeechIn, SpeechOut
from node.common.peer_faults import PeerFaults
from protocol.errors import PacketError
from protocol.speech.opus_packet import SAMPLES_PER_MS

if TYPE_CHECKING:
    from node.speech.audio_io import Sink
    from node.speech.pcm import Pcm
    from node.speech.receive_stream import ReceiveStream
    from node.speech.send_stream import SendStream, SpeechPacket
    from protocol.rtp.red import Copy

logger = logging.getLogger(__name__)

LATE_S = 0.06  # a packet that leaves so long after its last sample leaves when the next frame is due
RECENT_WAITS = 50  # frames over which the delay shown while a call runs is taken: the last three seconds


@dataclass
class SpeechSender:
    """Takes packets from the talker and hands them to ``send``, which says whether anyone listens."""

    talker: SendStream
    send: Callable[[SpeechPacket], bool]
    counts: SpeechOut
    clock: Callable[[], float]
    _end: int = 0

    async def run(self) -> None:
        """Talks until the source ends or the task is cancelled."""
        async for packet in self.talker:
            late = self._is_late(packet)
            if self.send(packet):
                self.counts.add(len(packet.payload), packet.voiced, packet.duration_ms, late)

    def _is_late(self, packet: SpeechPacket) -> bool:
        """Whether it waited for the processor, or sound before it was skipped because that waited too long."""
        after_a_gap = packet.timestamp > self._end and not packet.begins
        self._end = packet.timestamp + packet.duration_ms * SAMPLES_PER_MS
        return after_a_gap or self.clock() - packet.captured_at - packet.duration_ms / 1000 >= LATE_S


@dataclass(slots=True)
class _Heard:
    listener: ReceiveStream
    packet_ms: float = 0.0
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_WAITS))


@dataclass
class SpeechReceiver:
    """Listens to all peers and plays them through one sink.

    ``lookahead_ms`` is what the peer's encoder adds to the delay, and ``round_trip_seconds(peer)`` is the network's
    share, there and back. ``lyra_folder`` holds Lyra's models, for peers who talk with it. A peer whose sound cannot be
    made is silent for as long; the others are not.
    """

    sink: Sink
    lookahead_ms: float
    round_trip_seconds: Callable[[str], float]
    counts: SpeechIn
    clock: Callable[[], float]
    lyra_folder: Path | None = None
    faults: PeerFaults = field(default_factory=lambda: PeerFaults(logger.warning))
    _heard: dict[str, _Heard] = field(default_factory=dict)

    async def run(self) -> None:
        """Plays until cancelled."""
        await self.sink.run(self._pull)

    def open(self, peer: str) -> None:
        """A link to this peer is being made: be ready to listen."""
        from node.speech.codec import SpeechDecoder
        from node.speech.receive_stream import ReceiveStream
        from protocol.speech.playout import Playout

        self.close(peer)
        self._heard[peer] = _Heard(ReceiveStream(Playout(), SpeechDecoder(self.lyra_folder)))

    def close(self, peer: str) -> None:
        """The link is gone. What was counted of it stays counted."""
        heard = self._heard.pop(peer, None)
        if heard is not None:
            _add_counts(self.counts, heard.listener)

    def receive(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy] = ()) -> None:
        """Takes one RTP packet; a bad one is counted and changes nothing else."""
        from protocol.speech import opus_packet

        heard = self._heard.get(peer)
        if heard is None:
            return
        try:
            heard.listener.receive(sequence, timestamp, payload, self.clock(), copies)
            heard.packet_ms = opus_packet.duration_ms(payload)
        except PacketError as error:
            self.counts.bad_packets += 1
            logger.debug("a packet of %s is no speech: %s", peer, error)

    def snapshot(self) -> SpeechIn:
        """All counts so far, of links that are gone and of those that are up."""
        total = SpeechIn(
            self.counts.received,
            self.counts.lost,
            self.counts.late,
            self.counts.bad_packets,
            self.counts.concealed_ms,
            self.sink.underruns.settled,
            self.counts.mouth_to_ear_ms,
            self.counts.stall_ms_max,
            self.sink.underruns.late,
        )
        for heard in self._heard.values():
            _add_counts(total, heard.listener)
        return total

    def delay_ms(self) -> float | None:
        """Mouth to ear, the mean over the last seconds and all peers; None while nobody is heard."""
        recent = [delay for heard in self._heard.values() for delay in heard.delays]
        return sum(recent) / len(recent) if recent else None

    def _pull(self, samples: int) -> Pcm:
        from node.speech.receive_stream import mix

        now, sounds = self.clock(), []
        for peer, heard in self._heard.items():
            with self.faults.contained(peer, "a sound"):
                sounds.append(heard.listener.pull(samples, now))
                self._note_delays(peer, heard)
        return mix(sounds, samples)

    def _note_delays(self, peer: str, heard: _Heard) -> None:
        waits = heard.listener.wait_ms_recent
        network_ms = self.round_trip_seconds(peer) * 500
        while waits:
            delay = heard.packet_ms + self.lookahead_ms + network_ms + waits.popleft() + self.sink.latency_ms
            heard.delays.append(delay)
            self.counts.mouth_to_ear_ms.append(delay)


def _add_counts(total: SpeechIn, listener: ReceiveStream) -> None:
    stats = listener.playout.stats
    total.received += stats.packets_received
    total.lost += stats.lost
    total.late += stats.late
    total.concealed_ms += stats.concealed_ms
    total.bad_packets += listener.undecodable
    total.stall_ms_max = max(total.stall_ms_max, stats.stall_ms_max)
