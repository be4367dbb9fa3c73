"""The one place through which everything of a node goes to and comes from its broker: topics, sealing, bad mail."""

from __future__ import annotations

import logging
from collections.abc import Callable

from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from node.links.wire import WireMeter
from protocol import topics
from protocol.errors import RemoteError, VersionError
from protocol.room_secret import RoomSecret
from protocol.sealing import Envelope
from protocol.topics import Letter, Topic

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 256  # topics whose newer version was told of once; a flood of forged names must not grow this


class Mailbox:
    """Posts payloads on this node's topics and hands over those of others.

    ``deliver(topic, payload)`` may raise RemoteError; so may the envelope and the topic. Each is counted in ``bad`` and
    changes nothing else. A newer protocol version is told to ``note`` once per topic.
    """

    def __init__(
        self,
        room: RoomSecret,
        node: str,
        broker: BrokerAddress,
        *,
        deliver: Callable[[Topic, bytes], None],
        envelope: Envelope,
        meter: WireMeter,
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self._room, self._node = room.room_id(), node
        self._deliver, self._envelope, self._note = deliver, envelope, note
        self._refused: set[str] = set()
        self.bad = 0
        self.link = MqttLink(
            broker,
            on_message=self._take,
            on_up=on_up,
            on_down=on_down,
            will=Message(self._name(node, Letter.PRESENCE), b"", retain=True),
            meter=meter,
        )

    def post(self, letter: Letter, payload: bytes, retain: bool) -> int:
        """Publishes on our topic (an empty payload clears what is retained); returns the cost on the wire in bytes."""
        topic = self._name(self._node, letter)
        sealed = self._envelope.seal(topic, payload) if payload else b""
        message = Message(topic, sealed, retain)
        self.link.publish(message)
        return self.link.message_cost(message)

    async def enter(self) -> None:
        """Listens to who is here and to the calls they make."""
        for letter in (Letter.PRESENCE, Letter.SIGNAL):
            await self.link.subscribe(topics.pattern(self._room, letter))

    async def follow(self, peer: str, letter: Letter) -> None:
        """Listens to one topic of one peer."""
        await self.link.subscribe(self._name(peer, letter))

    async def unfollow(self, peer: str, letter: Letter) -> None:
        await self.link.unsubscribe(self._name(peer, letter))

    def _name(self, node: str, letter: Letter) -> str:
        return str(Topic(self._room, node, letter))

    def _take(self, name: str, payload: bytes) -> None:
        try:
            topic = Topic.parse(name)
            if topic.room == self._room and topic.node != self._node:
                self._deliver(topic, self._envelope.open(name, payload) if payload else b"")
        except VersionError as error:
            self.bad += 1
            self._tell_once(name, error)
        except RemoteError as error:
            self.bad += 1
            logger.debug("bad message on %s: %s", name, error)

    def _tell_once(self, name: str, error: VersionError) -> None:
        if name not in self._refused and len(self._refused) < MAX_REMEMBERED:
            self._refused.add(name)
            self._note(str(error))
