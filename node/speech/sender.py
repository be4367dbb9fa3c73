"""Sends the packets of one node's speech to every peer that listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from node.links.peer_events import PeerEvents
from node.speech.codec import LyraChoice, SpeechEncoder
from node.speech.libopus import OpusEncoder
from node.speech.stats import SpeechOut
from protocol.speech.opus_packet import SAMPLES_PER_MS

if TYPE_CHECKING:
    from node.links.speech_routes import SpeechRoutes
    from node.speech.profiles import Profile
    from node.speech.send_stream import SendStream, SpeechPacket
    from protocol.signalling import Hello

# A packet that leaves so long after its last sample leaves when the next frame is due.
LATE_S = 0.06


def encoder_for(
    profile: Profile, lyra: LyraChoice | None, all_take_lyra: Callable[[], bool]
) -> OpusEncoder | SpeechEncoder:
    """Return an encoder of Opus, which is one of Lyra as well if that is chosen, for while all listeners take it."""
    return OpusEncoder(profile) if lyra is None else SpeechEncoder(profile, lyra, all_take_lyra)


class SpeechSender(PeerEvents):
    """Sends each packet of a stream by the `routes` to the peers; `sent` gets those that a peer listens to.

    `takes_lyra` says whether all listeners take Lyra, if the stream can be coded so: changes of that are noted.
    """

    def __init__(
        self,
        stream: SendStream,
        routes: SpeechRoutes,
        counts: SpeechOut,
        *,
        sent: Callable[[SpeechPacket], None],
        clock: Callable[[], float],
        note: Callable[[str], None],
        takes_lyra: Callable[[], bool] | None = None,
    ) -> None:
        self._stream, self._routes, self._counts = stream, routes, counts
        self._sent, self._clock, self._note = sent, clock, note
        self._takes_lyra, self._in_lyra = takes_lyra, False
        self._end = 0

    async def run(self) -> None:
        """Send until the source ends or the task is cancelled."""
        async for packet in self._stream:
            late = self._is_late(packet)
            if self._routes.send(packet.timestamp, packet.payload, packet.copies):
                self._sent(packet)
                self._counts.add(len(packet.payload), packet.voiced, packet.duration_ms, late)

    def joined(self, peer: str, hello: Hello) -> None:
        """Note it if speech goes as Opus now."""
        self._note_codec()

    def left(self, peer: str) -> None:
        """Note it if speech goes as Lyra now."""
        self._note_codec()

    def _note_codec(self) -> None:
        """Note each change of the codec; a node without Lyra has but one."""
        if self._takes_lyra is not None and self._takes_lyra() != self._in_lyra:
            self._in_lyra = not self._in_lyra
            self._note("you are heard in Lyra" if self._in_lyra else "you are heard in Opus: not everyone has Lyra")

    def _is_late(self, packet: SpeechPacket) -> bool:
        """Tell whether the packet waited for the processor, or follows sound that was skipped because it waited."""
        after_a_gap = packet.timestamp > self._end and not packet.begins
        self._end = packet.timestamp + packet.duration_ms * SAMPLES_PER_MS
        return after_a_gap or self._clock() - packet.captured_at - packet.duration_ms / 1000 >= LATE_S
