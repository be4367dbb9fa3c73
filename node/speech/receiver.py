"""Receives the speech of all peers, and plays it mixed through one sink."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.common.peer_faults import PeerFaults
from node.links.peer_events import PeerEvents
from node.speech.codec import SpeechDecoder
from node.speech.receive_stream import ReceiveStream, mix
from node.speech.stats import SpeechIn
from protocol.errors import PacketError
from protocol.signalling import Carries, SpeechRoute
from protocol.speech import opus_packet
from protocol.speech.jitter import MAX_BROKER_TARGET_MS, MAX_TARGET_MS
from protocol.speech.playout import Playout

if TYPE_CHECKING:
    from node.speech.audio_io import Sink
    from node.speech.pcm import Pcm
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello

logger = logging.getLogger(__name__)

# Frames over which the delay shown while a call runs is averaged: the last three seconds.
RECENT_WAITS = 50


@dataclass(slots=True)
class _PeerStream:
    stream: ReceiveStream
    packet_ms: float = 0.0
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_WAITS))


class SpeechReceiver(PeerEvents):
    """Plays the packets of all peers through one sink.

    `lookahead_ms` is what the peer's encoder adds to the delay, and `round_trip_seconds(peer)` is the network's share,
    there and back. `new_decoder` makes a decoder for each peer. `also` gives sound that is mixed with theirs. A peer
    whose sound cannot be decoded is silent for as long; the others are not.
    """

    def __init__(
        self,
        sink: Sink,
        counts: SpeechIn,
        *,
        lookahead_ms: float,
        round_trip_seconds: Callable[[str], float],
        clock: Callable[[], float],
        new_decoder: Callable[[], SpeechDecoder] = SpeechDecoder,
        also: Callable[[int], Pcm | None] | None = None,
        faults: PeerFaults | None = None,
    ) -> None:
        self.faults = faults or PeerFaults(logger.warning)
        self._sink, self._counts, self._clock = sink, counts, clock
        self._lookahead_ms, self._round_trip_seconds = lookahead_ms, round_trip_seconds
        self._new_decoder, self._also = new_decoder, also
        self._peers: dict[str, _PeerStream] = {}
        self._lasting: set[str] = set()

    async def run(self) -> None:
        """Play until cancelled."""
        await self._sink.run(self.pull)

    def joined(self, peer: str, hello: Hello) -> None:
        """Note whether the peer's stream outlasts a link: one clock stamps what it says, by whatever way it comes."""
        if Carries.BROKER_SPEECH_IN in hello.carries:
            self._lasting.add(peer)

    def left(self, peer: str) -> None:
        """Drop the peer's stream, if it outlasted the link."""
        self._lasting.discard(peer)
        self._drop(peer)

    def link_opened(self, peer: str) -> None:
        """Be ready to receive from this peer."""
        self.link_ended(peer)
        self._open(peer)

    def link_ended(self, peer: str) -> None:
        """Drop the peer's stream, unless it may go on by another way."""
        if peer not in self._lasting:
            self._drop(peer)

    def route_changed(self, peer: str, route: str) -> None:
        """Be ready to receive by the broker, which delivers less evenly."""
        if route != SpeechRoute.NONE:
            stream = self._open(peer).stream
            stream.playout.longest_target_ms = MAX_BROKER_TARGET_MS if route == SpeechRoute.BROKER else MAX_TARGET_MS

    def _open(self, peer: str) -> _PeerStream:
        if peer not in self._peers:
            self._peers[peer] = _PeerStream(ReceiveStream(Playout(), self._new_decoder()))
        return self._peers[peer]

    def _drop(self, peer: str) -> None:
        """Drop the peer's stream; its counts stay in the total."""
        if (ended := self._peers.pop(peer, None)) is not None:
            _add_counts(self._counts, ended.stream)

    def speech_received(
        self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy] = ()
    ) -> None:
        """Queue an RTP packet for playout; a bad one is counted and changes nothing else."""
        if (receiving := self._peers.get(peer)) is None:
            return
        try:
            receiving.stream.receive(sequence, timestamp, payload, self._clock(), copies)
            receiving.packet_ms = opus_packet.duration_ms(payload)
        except PacketError as error:
            self._counts.bad_packets += 1
            logger.debug("a packet of %s is no speech: %s", peer, error)

    def pull(self, samples: int) -> Pcm:
        """Return the next samples of all peers, mixed: int16 `(samples,)`."""
        now, sounds = self._clock(), []
        for peer, receiving in self._peers.items():
            with self.faults.contained(peer, "a sound"):
                sounds.append(receiving.stream.pull(samples, now))
                self._note_delays(peer, receiving)
        if self._also is not None and (sound := self._also(samples)) is not None:
            sounds.append(sound)
        return mix(sounds, samples)

    def snapshot(self) -> SpeechIn:
        """Return all counts so far, of links that ended and of those that are up."""
        total = SpeechIn(
            received=self._counts.received,
            lost=self._counts.lost,
            late=self._counts.late,
            bad_packets=self._counts.bad_packets,
            concealed_ms=self._counts.concealed_ms,
            underruns=self._sink.underruns.settled,
            mouth_to_ear_ms=self._counts.mouth_to_ear_ms,
            stall_ms_max=self._counts.stall_ms_max,
            underruns_after_5s=self._sink.underruns.late,
        )
        for receiving in self._peers.values():
            _add_counts(total, receiving.stream)
        return total

    def delay_ms(self) -> float | None:
        """Return mouth to ear, the mean over the last seconds and all peers; None while no peer is audible."""
        recent = [delay for receiving in self._peers.values() for delay in receiving.delays]
        return sum(recent) / len(recent) if recent else None

    def _note_delays(self, peer: str, receiving: _PeerStream) -> None:
        waits = receiving.stream.wait_ms_recent
        network_ms = self._round_trip_seconds(peer) * 500
        while waits:
            delay = receiving.packet_ms + self._lookahead_ms + network_ms + waits.popleft() + self._sink.latency_ms
            receiving.delays.append(delay)
            self._counts.mouth_to_ear_ms.append(delay)


def _add_counts(total: SpeechIn, stream: ReceiveStream) -> None:
    stats = stream.playout.stats
    total.received += stats.packets_received
    total.lost += stats.lost
    total.late += stats.late
    total.concealed_ms += stats.concealed_ms
    total.bad_packets += stream.undecodable
    total.stall_ms_max = max(total.stall_ms_max, stats.stall_ms_max)
