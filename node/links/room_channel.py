"""A room's channel through its broker: topics, sealing, and the count of what cannot be opened.

All that a node sends to the broker, or takes from it, passes here. An empty payload clears what is retained, as MQTT
has it: it is never sealed, and shows only that something was cleared, not by which node.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from node.common.peer_faults import PeerFaults
from node.links import echo_check
from node.links.address import BrokerAddress
from node.links.echo_check import EchoCheck
from node.links.mqtt import Message, MqttLink
from node.links.speech_channel import SpeechChannel
from node.links.wire_meter import WireMeter
from protocol import topics
from protocol.errors import NodeError, RemoteError, VersionError
from protocol.room_secret import RoomSecret
from protocol.sealing import Opener, Sealer
from protocol.topics import Letter, Topic

logger = logging.getLogger(__name__)

# Topics that are noted once; a flood of forged names must not grow this.
MAX_REMEMBERED = 256


class RoomChannel:
    """Posts payloads on this node's topics, sealed, and delivers those of others, opened.

    `session` is 64 random bits that are new for each channel: all that it seals is of that session. Only hellos of a
    peer are opened until it is admitted. `deliver(topic, payload)` may raise RemoteError; a message that makes it do
    so, or that cannot be opened, counts as `rejected` and changes nothing else. A newer protocol version is noted once
    for each topic, and so is a topic that the broker does not let us read, or does not echo our messages on. Any other
    exception counts in `faults`: the message is dropped, and the node goes on. `on_echo(topic, size)` is called for
    each message of ours that the broker echoes. For `waits` see `node.links.mqtt.MqttLink`.
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
        on_echo: Callable[[Topic, int], None] = lambda topic, size: None,
        waits: bool = False,
    ) -> None:
        self.faults = PeerFaults(note)
        self._room, self._node = room.room_id(), node
        self._sealer, self._opener = Sealer(room, node, session), Opener(room, node, session)
        self._deliver, self._note = deliver, note
        self._broker, self._on_up, self._on_down, self._on_echo = broker, on_up, on_down, on_echo
        self._echoes = EchoCheck(self._echo_missing)
        self._unreadable: set[str] = set()
        self._newer: set[str] = set()
        self.rejected = 0
        self.link = MqttLink(
            broker,
            on_message=self.receive,
            on_up=self._up,
            on_down=self._down,
            on_refused=self._refused_topics,
            note=note,
            waits=waits,
            will=Message(self._name(node, Letter.PRESENCE), b"", retain=True),
            meter=meter,
        )
        self.speech = SpeechChannel(room, node, session, self.link, meter)

    def oldest(self) -> tuple[int, ...]:
        """Return the numbers of the first messages that a newcomer opens (see `Sealer.oldest`), speech last."""
        return *self._sealer.oldest(), self.speech.next

    def shows(self) -> bool:
        """Return whether a picture of ours is retained."""
        return self._sealer.shows

    @property
    def admitted(self) -> frozenset[str]:
        """The peers whose messages are opened."""
        return frozenset(self._opener.peers)

    def admit(self, peer: str, session: int, oldest: tuple[int, ...]) -> None:
        """Open the messages of this session of a peer from now on (see `Opener.admit`)."""
        self._opener.admit(peer, session, oldest)
        self.speech.admit(peer, session, oldest)

    def dismiss(self, peer: str) -> None:
        """Open nothing but hellos of a peer from now on."""
        self._opener.dismiss(peer)
        self.speech.dismiss(peer)

    def post(
        self,
        letter: Letter,
        payload: bytes,
        retain: bool,
        to: tuple[str, int] | None = None,
        *,
        addressed: bool = False,
    ) -> int:
        """Publish on our topic (an empty payload clears what is retained) and return the cost on the wire in bytes.

        `to` is the peer that a signal or hello is for, and its session; `addressed`, it goes on the topic that only
        this peer reads. Raises NodeError when this session has sealed all that it can.
        """
        target = to[0] if to is not None and addressed else None
        topic = Topic(self._room, self._node, letter if target is None else Letter.SIGNAL, target)
        sealed = self._seal(letter, payload, retain, to, target) if payload else b""
        message = Message(str(topic), sealed, retain)
        self.link.publish(message)
        if sealed and topic.target in {None, self._node}:
            self._echoes.posted(letter, message.size)
        return self.link.message_cost(message)

    async def join(self) -> None:
        """Subscribe to the hellos of all peers, the signals for us, and those that older peers send to everybody."""
        for letter in (Letter.PRESENCE, Letter.SIGNAL):
            await self.link.subscribe(topics.pattern(self._room, letter))
        await self.link.subscribe(topics.mailbox(self._room, self._node))

    def close(self) -> None:
        """Say no more by itself: the link is about to end."""
        self._echoes.close()

    async def subscribe_peer(self, peer: str, letter: Letter) -> None:
        """Subscribe to one topic of one peer."""
        await self.link.subscribe(self._name(peer, letter))

    async def unsubscribe_peer(self, peer: str, letter: Letter) -> None:
        """Unsubscribe from one topic of one peer."""
        await self.link.unsubscribe(self._name(peer, letter))

    def _name(self, node: str, letter: Letter) -> str:
        return str(Topic(self._room, node, letter))

    def _seal(
        self, letter: Letter, payload: bytes, retain: bool, to: tuple[str, int] | None, target: str | None
    ) -> bytes:
        try:
            match letter:
                case Letter.PRESENCE:
                    return self._sealer.hello(payload, target)
                case Letter.SIGNAL:
                    assert to is not None, "a signal is for one peer"
                    return self._sealer.signal(*to, payload, addressed=target is not None)
                case Letter.PICTURE | Letter.TEXT:
                    return self._sealer.frame(letter, payload, retain)
                case Letter.SPEECH:
                    raise ValueError("speech goes by the speech channel")
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
            case Letter.SPEECH:
                return None  # which the speech channel opens

    def reject(self, peer: str, letter: Letter, error: RemoteError) -> None:
        """Count a message of a peer that proved to be bad after it was delivered."""
        self._reject(self._name(peer, letter), error)

    def receive(self, name: str, sealed: bytes) -> None:
        """Handle a message that the broker delivers on the topic of this name. Raises LocalError if `deliver` does."""
        with self.faults.contained(_sender(name), "a message"):
            try:
                self._open_and_deliver(Topic.parse(name), sealed)
            except RemoteError as error:
                self._reject(name, error)

    def _open_and_deliver(self, topic: Topic, sealed: bytes) -> None:
        if topic.room != self._room:
            return
        if topic.node == self._node and sealed:
            self._echoes.returned(topic.letter)
            self._on_echo(topic, len(sealed))
            return
        if topic.letter is Letter.SPEECH:
            self.speech.receive(topic, sealed)
            return
        payload = self._open(topic, sealed) if sealed else b""
        if payload is None and topic.target == self._node:  # what is no signal on our own topic is a hello
            payload = self._opener.hello(topic, sealed).payload
            topic = replace(topic, letter=Letter.PRESENCE, target=None)
        if payload is not None:
            self._deliver(topic, payload)

    def _reject(self, name: str, error: RemoteError) -> None:
        self.rejected += 1
        if isinstance(error, VersionError):
            self._note_once(name, error)
        else:
            logger.debug("bad message on %.80r: %s", name, error)

    def _up(self) -> None:
        self._on_up()
        self._echoes.up()

    def _down(self, reason: str) -> None:
        self._echoes.down()
        self._on_down(reason)

    def _echo_missing(self, letter: Letter, size: int) -> None:
        if topics.pattern(self._room, letter) not in self._unreadable:  # what must be allowed is said already
            self._note(echo_check.not_handed_on(self._broker, self._room, letter, size))

    def _refused_topics(self, patterns: Sequence[str]) -> None:
        new = [pattern for pattern in patterns if pattern not in self._unreadable]
        if new and len(self._unreadable) < MAX_REMEMBERED:
            self._unreadable.update(new)
            self._note(echo_check.refused(self._broker, self._room, new))

    def _note_once(self, name: str, error: VersionError) -> None:
        if name not in self._newer and len(self._newer) < MAX_REMEMBERED:
            self._newer.add(name)
            self._note(str(error))


def _sender(name: str) -> str:
    """Return the node that a topic names as its sender, or what is in its place if it is no topic."""
    parts = name.split("/")
    return "".join(parts[3:4] or parts[1:2])
