"""Speech through the broker: sealed and sent at once or not at all; opened, counted and handed on.

A message that cannot leave now is dropped: it would come too late, and hold up what is said after it. Its number is
used up all the same, so that the others know that something is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from node.links import socket_queue
from node.links.mqtt import MqttLink
from node.links.outbox import Message
from node.links.wire_meter import WireMeter
from protocol.errors import NodeError, SealError
from protocol.ration import Ration
from protocol.room_secret import RoomSecret
from protocol.speech.broker_bundle import Bundled
from protocol.speech_sealing import BrokerSpeech, SpeechOpener, SpeechSealer
from protocol.topics import Letter, Topic

# Of one peer: what a connection that stood still delivers at once, and then more than anybody says: it would only fill
# what keeps it.
BURST, EVERY_S = 100, 0.04


class SpeechChannel:
    """The speech of one node's session and of the peers that were admitted. `deliver(peer, message)` gets theirs.

    `sent` and `dropped` count our messages.
    """

    def __init__(
        self,
        secret: RoomSecret,
        node: str,
        session: int,
        link: MqttLink,
        meter: WireMeter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.deliver: Callable[[str, BrokerSpeech], None] = lambda peer, message: None
        self.sent = self.dropped = 0
        self._sealer, self._opener = SpeechSealer(secret, node, session), SpeechOpener(secret)
        self._topic = str(Topic(secret.room_id(), node, Letter.SPEECH))
        self._link, self._meter, self._clock = link, meter, clock
        self._allowances: dict[str, Ration] = {}

    @property
    def next(self) -> int:
        """The number of the next message: a newcomer opens from this one on."""
        return self._sealer.next

    @property
    def is_up(self) -> bool:
        """Whether the broker is connected."""
        return self._link.connected

    def round_trip_s(self) -> float:
        """Return the round-trip time to the broker; 0 where it is not known."""
        return socket_queue.round_trip_s(self._link.traffic.socket) or 0.0

    def skip(self, messages: int) -> None:
        """Leave out numbers, as of messages that were lost."""
        self._sealer.skip(messages)

    def post(self, bundled: Bundled) -> bool:
        """Publish a message if it can leave now, and return whether it did.

        Raises NodeError when this session has sealed all that it can.
        """
        try:
            message = Message(self._topic, self._sealer.seal(bundled.time, bundled.packet))
        except ValueError as error:
            raise NodeError(str(error)) from None
        if self._link.send_now(message):
            self.sent += 1
            self._meter.broker_speech("sent", self._link.segment_cost(message), bundled.packets)
            return True
        self.dropped += 1
        return False

    def admit(self, peer: str, session: int, oldest: tuple[int, ...]) -> None:
        """Open the speech of this session of a peer from now on; its hello names the `oldest` of all its messages."""
        self._opener.admit(peer, session, oldest[3] if len(oldest) > 3 else 0, self._clock())
        self._allowances[peer] = Ration(BURST, EVERY_S)

    def dismiss(self, peer: str) -> None:
        """Open nothing more of a peer."""
        self._opener.dismiss(peer)
        self._allowances.pop(peer, None)

    def receive(self, topic: Topic, sealed: bytes) -> None:
        """Take what the broker delivers on a peer's topic. Raises SealError if it does not open, or is too much."""
        now = self._clock()
        message = self._opener.open(topic, sealed, now)
        self._meter.broker_speech("received", self._link.segment_cost(Message(str(topic), sealed)), 1)
        if not self._allowances[topic.node].take(now):
            raise SealError("is more than anybody can say")
        self.deliver(topic.node, message)
