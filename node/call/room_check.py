"""Checks that a broker hands on all that a room needs: each kind of message goes out, and must come back.

Peers in the room are not troubled: the hello says goodbye, the signal is for no node, and pictures of strangers are not
read. What the broker retains of it is cleared again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final

from node.common.tasks import first_error
from node.links import echo_check
from node.links.address import BrokerAddress
from node.links.room_channel import RoomChannel
from node.links.wire_meter import WireMeter
from protocol import frames, topics
from protocol.errors import NodeError
from protocol.room_secret import RoomSecret
from protocol.signalling import Hello
from protocol.signalling.messages import MAX_MESSAGE_BYTES, Proof, encode
from protocol.speech.broker_bundle import Bundled
from protocol.topics import Letter, Topic

CONNECT_S: Final = 10.0
# For messages to come back; half of it over a link of 16 kbit/s.
TRY_S: Final = 6.0
CLEAR_S: Final = 2.0
# An offer with eight addresses, and those of relays, has half of it.
USUAL_BYTES: Final = 1_024
NO_NODE: Final = "zz", 0

_NAMES = {
    Letter.PRESENCE: "hellos",
    Letter.SIGNAL: "call set-up",
    Letter.PICTURE: "pictures",
    Letter.TEXT: "text",
    Letter.SPEECH: "speech",
}
# An empty frame of 60 ms.
SILENCE: Final = b"\x18"


@dataclass(frozen=True, slots=True)
class Passage:
    """The kinds of message that did not come back, and the size of the largest call set-up that did.

    `addressed` says whether call set-up came back on a topic that one node alone reads.
    """

    missing: tuple[Letter, ...]
    largest: int
    addressed: bool = True

    def describe(self, address: BrokerAddress, room: str) -> str:
        """Return a line for the user. Raises NodeError if a call cannot be made."""
        if self.missing:
            names = ", ".join(_NAMES[letter] for letter in self.missing)
            size = f" of {USUAL_BYTES} bytes" if self.missing == (Letter.SIGNAL,) else ""
            raise NodeError(
                f"the broker {address} does not hand on {names}{size} in {room}/+/+: "
                f"{echo_check.demands(address, room)}"
            )
        text = f"{', '.join(_NAMES.values())} in {room}/+/+ come back"
        if self.largest < MAX_MESSAGE_BYTES:
            text += (
                f"; call set-up of {self.largest} bytes does, which most calls do with, and of {MAX_MESSAGE_BYTES} "
                "bytes does not: raise the broker's limits"
            )
        if not self.addressed:
            text += (
                f"; call set-up in {topics.mailbox(room, '+')} does not, so that calls come up seconds later: "
                f"allow {topics.mailbox(room, '+')}"
            )
        return text


async def try_room(address: BrokerAddress, room: RoomSecret) -> Passage:
    """Send one message of each kind and return what came back. Raises NodeError if the broker cannot be reached."""
    trial = _Trial(address, room)
    async with trial.running():
        return await trial.run()


class _Trial:
    def __init__(self, address: BrokerAddress, room: RoomSecret) -> None:
        self._address = address
        self._id, self._session = topics.node_id(secrets.token_bytes(3)), secrets.randbits(64)
        self._up, self._changed = asyncio.Event(), asyncio.Event()
        self._returned: dict[Letter, int] = {}
        self._addressed = False
        self._channel = RoomChannel(
            room,
            self._id,
            self._session,
            address,
            deliver=_ignore,
            meter=WireMeter(),
            on_up=self._up.set,
            on_down=lambda reason: self._down(),
            note=lambda text: None,
            on_echo=self._echo,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect and subscribe to all that a node may; at the end clear what the broker retains."""
        await self._channel.join()
        for letter in (Letter.PICTURE, Letter.TEXT, Letter.SPEECH):
            await self._channel.subscribe_peer(self._id, letter)
        with first_error():
            async with asyncio.TaskGroup() as group:
                link = group.create_task(self._channel.link.run(), name="room check")
                await self._wait_for_the_broker(CONNECT_S)
                yield
                await self._clear()
                link.cancel()

    async def run(self) -> Passage:
        hello = Hello(self._session, "doctor", proof=Proof(1, leaving=True))
        self._channel.post(Letter.PRESENCE, encode(hello), retain=True)
        self._channel.post(Letter.PICTURE, frames.encode(frames.Hold(0)), retain=True)
        self._channel.post(Letter.TEXT, frames.encode(frames.Have(())), retain=False)
        # What is posted after it comes back after it, or shows that it does not.
        self._channel.post(Letter.SIGNAL, bytes(1), retain=False, to=(self._id, self._session), addressed=True)
        self._channel.speech.post(Bundled(0, SILENCE, 1))
        kinds = (Letter.PRESENCE, Letter.PICTURE, Letter.TEXT, Letter.SPEECH)
        await self._until_back(dict.fromkeys(kinds, 1))
        largest = 0
        for size in (USUAL_BYTES, MAX_MESSAGE_BYTES):
            await self._wait_for_the_broker(CONNECT_S)
            self._channel.post(Letter.SIGNAL, bytes(size), retain=False, to=NO_NODE)
            if not await self._until_back({Letter.SIGNAL: size}):
                break
            largest = size
        return Passage(tuple(letter for letter in Letter if letter not in self._returned), largest, self._addressed)

    async def _until_back(self, sizes: dict[Letter, int]) -> bool:
        """Wait until messages of at least these sizes came back, or the connection ends, or it takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TRY_S):
                while self._up.is_set() and self._lacks(sizes):
                    self._changed.clear()
                    await self._changed.wait()
        return not self._lacks(sizes)

    def _lacks(self, sizes: dict[Letter, int]) -> Collection[Letter]:
        return [letter for letter, size in sizes.items() if self._returned.get(letter, 0) < size]

    async def _wait_for_the_broker(self, patience_s: float) -> None:
        try:
            async with asyncio.timeout(patience_s):
                await self._up.wait()
        except TimeoutError:
            raise NodeError(f"the broker {self._address} does not answer within {patience_s:.0f} s") from None

    async def _clear(self) -> None:
        for letter in (Letter.PRESENCE, Letter.PICTURE):
            self._channel.post(letter, b"", retain=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAR_S):
                await self._up.wait()
                await self._channel.link.flush(CLEAR_S)

    def _echo(self, topic: Topic, size: int) -> None:
        if topic.target is not None:
            self._addressed = True
        else:
            self._returned[topic.letter] = max(size, self._returned.get(topic.letter, 0))
        self._changed.set()

    def _down(self) -> None:
        self._up.clear()
        self._changed.set()


def _ignore(topic: Topic, payload: bytes) -> None:
    """Drop what other nodes post: the check needs none of it."""
