"""The one place through which everything of a node goes to and comes from its broker: topics, sealing, bad mail.

An empty payload is MQTT's way to clear what is retained: it is never sealed, and says nothing but that something was
cleared, by whomever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from node.common.peer_faults import PeerFaults
from node.links import echo_check
from node.links.address import BrokerAddress
from node.links.echo_check import EchoCheck
from node.links.mqtt import Message, MqttLink
from node.links.wire_meter import WireMeter
from protocol import topics
from protocol.errors import NodeError, RemoteError, VersionError
from protocol.room_secret import RoomSecret
from protocol.sealing import Opener, Sealer
from protocol.topics import Letter, Topic

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 256  # topics whose newer version was told of once; a flood of forged names must not grow this


class RoomChannel:
    """Posts payloads on this node's topics, sealed, and hands over those of others, opened.

    `session` is 64 random bits that are new for each mailbox: what is sealed is of that session. Of peers nothing but
    hellos is opened until they are admitted. `deliver(topic, payload)` may raise RemoteError. What does that, or does
    not open, is counted in `bad` and changes nothing else. A newer protocol version is noted once per topic, and so
    is a topic that the broker does not let us read, or hands nothing of ours on from. Whatever else is raised is
    counted in `faults`: the message is dropped, and the node goes on. `on_echo(letter, size)` is called for each
    message of ours that the broker hands on. For `waits` see :class:`node.links.mqtt.MqttLink`.
    """

    def __init__(
        self,
        room: RoomSecret,
        node: str,
        session: int,
        broker: BrokerAddress,
        *,
        deliver: Callable[[Topic, bytes], None],
        meter: WireMeter,
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        note: Callable[[str], None],
        on_echo: Callable[[Letter, int], None] = lambda letter, size: None,
        waits: bool = False,
        faults: PeerFaults | None = None,
    ) -> None:
        self.faults = faults or PeerFaults(note)
        self._room, self._node = room.room_id(), node
        self._sealer, self._opener = Sealer(room, node, session), Opener(room, node, session)
        self._deliver, self._note = deliver, note
        self._broker, self._on_up, self._on_down, self._on_echo = broker, on_up, on_down, on_echo
        self._echoes = EchoCheck(self._not_handed_on)
        self._unreadable: set[str] = set()
        self.admit, self.dismiss = self._opener.admit, self._opener.dismiss
        self.oldest = self._sealer.oldest
        self._refused: set[str] = set()
        self.bad = 0
        self.link = MqttLink(
            broker,
            on_message=self._take,
            on_up=self._is_up,
            on_down=self._is_down,
            on_refused=self._may_not_read,
            note=note,
            waits=waits,
            will=Message(self._name(node, Letter.PRESENCE), b"", retain=True),
            meter=meter,
        )

    def post(self, letter: Letter, payload: bytes, retain: bool, to: tuple[str, int] | None = None) -> int:
        """Publishes on our topic (an empty payload clears what is retained); returns the cost on the wire in bytes.

        `to` is the peer, and its session, for whom a signal is. Raises NodeError when this session has sealed all
        that it can.
        """
        sealed = self._seal(letter, payload, retain, to) if payload else b""
        message = Message(self._name(self._node, letter), sealed, retain)
        self.link.publish(message)
        if sealed:
            self._echoes.posted(letter, message.size)
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

    def _seal(self, letter: Letter, payload: bytes, retain: bool, to: tuple[str, int] | None) -> bytes:
        try:
            match letter:
                case Letter.PRESENCE:
                    return self._sealer.hello(payload)
                case Letter.SIGNAL:
                    assert to is not None, "a signal is for somebody"
                    return self._sealer.signal(*to, payload)
                case Letter.PICTURE | Letter.TEXT:
                    return self._sealer.frame(letter, payload, retain)
        except ValueError as error:  # it has sealed all that it can
            raise NodeError(str(error)) from None

    def _open(self, topic: Topic, sealed: bytes) -> bytes | None:
        match topic.letter:
            case Letter.PRESENCE:
                return self._opener.hello(topic, sealed).payload
            case Letter.SIGNAL:
                return self._opener.signal(topic, sealed)
            case Letter.PICTURE | Letter.TEXT:
                return self._opener.frame(topic, sealed)

    def reject(self, peer: str, letter: Letter, error: RemoteError) -> None:
        """Count a message of a peer that proved to be bad after it was delivered."""
        self._reject(self._name(peer, letter), error)

    def _take(self, name: str, sealed: bytes) -> None:
        with self.faults.contained(_sender(name), "a message"):
            try:
                self._take_opened(Topic.parse(name), sealed)
            except RemoteError as error:
                self._reject(name, error)

    def _take_opened(self, topic: Topic, sealed: bytes) -> None:
        if topic.room != self._room:
            return
        if topic.node == self._node and sealed:
            self._echoes.returned(topic.letter)
            self._on_echo(topic.letter, len(sealed))
            return
        payload = self._open(topic, sealed) if sealed else b""
        if payload is not None:
            self._deliver(topic, payload)

    def _reject(self, name: str, error: RemoteError) -> None:
        self.bad += 1
        if isinstance(error, VersionError):
            self._tell_once(name, error)
        else:
            logger.debug("bad message on %.80r: %s", name, error)

    def _is_up(self) -> None:
        self._on_up()
        self._echoes.up()

    def _is_down(self, reason: str) -> None:
        self._echoes.down()
        self._on_down(reason)

    def _not_handed_on(self, letter: Letter, size: int) -> None:
        self._note(echo_check.not_handed_on(self._broker, self._room, letter, size))

    def _may_not_read(self, topic: str) -> None:
        if topic not in self._unreadable and len(self._unreadable) < MAX_REMEMBERED:
            self._unreadable.add(topic)
            self._note(echo_check.refused(self._broker, self._room, [topic]))

    def _tell_once(self, name: str, error: VersionError) -> None:
        if name not in self._refused and len(self._refused) < MAX_REMEMBERED:
            self._refused.add(name)
            self._note(str(error))


def _sender(name: str) -> str:
    """The node that a topic names; whatever stands there, if it is no topic."""
    return "".join(name.split("/")[1:2])
