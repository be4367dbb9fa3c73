"""The way of speech between a node and each of its peers: by their link, or through the broker.

It stands between the links (`node.links.peers`) and the parts of the node: what comes by either way goes on as one
stream of each peer, and what is sent goes to each peer by the way that `protocol.signalling.route` has chosen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from node.links.peer_events import PeerEvents
from protocol.errors import PacketError
from protocol.rtp.sequence import unwrap
from protocol.signalling import Carries, SpeechRoute
from protocol.speech import opus_padding
from protocol.speech.broker_bundle import BrokerBundle
from protocol.speech.route_splice import RouteSplice

if TYPE_CHECKING:
    from node.links.peers import Peers
    from node.links.speech_channel import SpeechChannel
    from protocol.rtp.receiver_reports import Report
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello
    from protocol.speech_sealing import BrokerSpeech

BROKER = "broker"
# Recorded packets that were lost are missing in what is replayed, too; more than these are another recording.
MOST_LOST = 100


class SpeechRoutes(PeerEvents):
    """The routes of one node that carries `ours`; `events` is notified of all that happens on them.

    `follow(peer, whether)` is to subscribe to a peer's speech at the broker, or to end that. `peers` is to be set
    before the first event.
    """

    peers: Peers

    def __init__(
        self, ours: Carries, events: PeerEvents, channel: SpeechChannel, follow: Callable[[str, bool], None]
    ) -> None:
        self._ours, self._events, self._channel, self._follow = ours, events, channel, follow
        self._routes: dict[str, SpeechRoute] = {}
        self._heard: dict[str, Carries] = {}
        self._followed: set[str] = set()
        self._splices: dict[str, RouteSplice] = {}
        self._links: dict[str, int] = {}
        self._bundle = BrokerBundle()
        self._timestamp = 0
        self._sequence: int | None = None
        channel.deliver = self.broker_speech

    def route(self, peer: str) -> str:
        """Return the way that speech takes with a peer: `direct`, `broker` or `none`, as while the broker is away."""
        return str(SpeechRoute.NONE if self.waits(peer) else self._routes.get(peer, SpeechRoute.NONE))

    def waits(self, peer: str) -> bool:
        """Return whether speech with a peer would go through the broker, which is away."""
        return self._routes.get(peer) is SpeechRoute.BROKER and not self._channel.is_up

    def round_trip_seconds(self, peer: str) -> float:
        """Return the round-trip time to a peer; 0 as long as there is none.

        Through the broker it is estimated: as if the peer were as far from it as this node.
        """
        if self._routes.get(peer) is SpeechRoute.BROKER:
            return 2 * self._channel.round_trip_s()
        return self.peers.round_trip_seconds(peer)

    @property
    def by_broker(self) -> Collection[str]:
        """The peers to which speech goes through the broker."""
        listening = (peer for peer, carries in self._heard.items() if Carries.SPEECH_IN in carries)
        return [peer for peer in listening if self._routes.get(peer) is SpeechRoute.BROKER]

    def send(self, timestamp: int, payload: bytes, copies: Sequence[Copy] = (), sequence: int | None = None) -> bool:
        """Send one speech packet to every peer that listens, by its way; return whether any is reached.

        For `sequence` see `node.links.webrtc.PeerLink.send`. Copies of earlier packets go by links alone.
        """
        sent = self.peers.send(timestamp, payload, copies, sequence)
        # At all times: half a day later it is ambiguous. Of our own stream it counts on; a recording's is of 32 bits.
        self._timestamp = unwrap(timestamp, 32, near=max(timestamp, self._timestamp))
        if Carries.SPEECH_OUT not in self._ours or not self.by_broker:
            self._bundle.flush()
            return sent
        self._skip_lost(sequence)
        with contextlib.suppress(PacketError):  # of a recording
            for bundled in self._bundle.add(self._timestamp, self._readable(payload)):
                self._channel.post(bundled)
        return sent or self._channel.is_up

    def _readable(self, payload: bytes) -> bytes:
        """Return a packet as all at the broker can use it: one message is for all of them."""
        all_fill = all(Carries.HIGH_BAND_IN in self._heard[peer] for peer in self.by_broker)
        return payload if all_fill else opus_padding.strip(payload)

    def _skip_lost(self, sequence: int | None) -> None:
        if sequence is not None and self._sequence is not None:
            lost = (sequence - self._sequence) % (1 << 16) - 1
            self._channel.skip(lost if 0 < lost <= MOST_LOST else 0)
        self._sequence = sequence

    def broker_speech(self, peer: str, message: BrokerSpeech) -> None:
        """Take what a peer said through the broker."""
        if peer in self._followed and (splice := self._splices.get(peer)) is not None:
            number = splice.number(BROKER, message.number % (1 << 16), message.timestamp, message.packet)
            if number is not None:
                self._events.speech_received(peer, number, message.timestamp, message.packet, ())

    # -- what the links report

    def joined(self, peer: str, hello: Hello) -> None:
        self._heard[peer] = hello.carries
        if Carries.BROKER_SPEECH_IN in hello.carries:
            self._splices.setdefault(peer, RouteSplice())
        self._events.joined(peer, hello)

    def left(self, peer: str) -> None:
        self._heard.pop(peer, None)
        self._routes.pop(peer, None)
        self._splices.pop(peer, None)
        self._links.pop(peer, None)
        self._listen(peer, False)
        self._events.left(peer)

    def route_changed(self, peer: str, route: str) -> None:
        """Go that way from now on, and listen at the broker if the peer may publish."""
        before, self._routes[peer] = self._routes.get(peer, SpeechRoute.NONE), SpeechRoute(route)
        both = Carries.SPEECH_IN in self._ours and Carries.SPEECH_OUT in self._heard.get(peer, Carries.NOTHING)
        self._listen(peer, both and self.peers.room.routes.listens(peer))
        if route != before:
            self._events.route_changed(peer, route)

    def _listen(self, peer: str, wanted: bool) -> None:
        if wanted != (peer in self._followed):
            (self._followed.add if wanted else self._followed.discard)(peer)
            self._follow(peer, wanted)

    def link_opened(self, peer: str) -> None:
        self._links[peer] = self._links.get(peer, 0) + 1
        self._events.link_opened(peer)

    def link_up(self, peer: str) -> None:
        self._events.link_up(peer)

    def link_ended(self, peer: str) -> None:
        self._events.link_ended(peer)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        number: int | None = sequence
        if (splice := self._splices.get(peer)) is not None:
            number = splice.number(self._links.get(peer), sequence, timestamp, payload)
        if number is not None:
            self._events.speech_received(peer, number, timestamp, payload, copies)

    def report_received(self, peer: str, report: Report) -> None:
        self._events.report_received(peer, report)

    def here_by_speech(self, peer: str, name: str, is_so: bool) -> None:
        self._events.here_by_speech(peer, name, is_so)

    def picture_wanted(self, peer: str) -> None:
        self._events.picture_wanted(peer)
