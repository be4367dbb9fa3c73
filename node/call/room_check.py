"""Tries what a room asks of its broker: each kind of message goes out under a node id of its own, and must come back.

Who is in the room is not troubled: the hello says goodbye, the signal is for nobody, pictures of strangers are not
read. What the broker keeps of it is cleared again.
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
from protocol.topics import Letter, Topic

CONNECT_S: Final = 10.0
TRY_S: Final = 6.0  # for a message to come back; half of them over a link of 16 kbit/s
CLEAR_S: Final = 2.0
# An offer with eight addresses, and those of relays, has half of it.
USUAL_BYTES: Final = 1_024
NOBODY: Final = "zz", 0

_NAMES = {
    Letter.PRESENCE: "hellos",
    Letter.SIGNAL: "call set-up",
    Letter.PICTURE: "pictures",
    Letter.TEXT: "text",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """What came back: the kinds that did not, and the size of the largest call set-up that did."""

    missing: tuple[Letter, ...]
    largest: int

    def describe(self, address: BrokerAddress, room: str) -> str:
        """Return a line for a person. Raises NodeError if a call cannot be made."""
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
        self._up, self._news = asyncio.Event(), asyncio.Event()
        self._came: dict[Letter, int] = {}
        self._mailbox = RoomChannel(
            room,
            self._id,
            self._session,
            address,
            deliver=_ignore,
            meter=WireMeter(),
            on_up=self._up.set,
            on_down=lambda reason: self._went_down(),
            note=lambda text: None,
            on_echo=self._echo,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect, subscribe to all that a node may; at the end clear what the broker keeps."""
        await self._mailbox.enter()
        for letter in (Letter.PICTURE, Letter.TEXT):
            await self._mailbox.follow(self._id, letter)
        with first_error():
            async with asyncio.TaskGroup() as group:
                link = group.create_task(self._mailbox.link.run(), name="room check")
                await self._wait_for_the_broker(CONNECT_S)
                yield
                await self._clear()
                link.cancel()

    async def run(self) -> Passage:
        hello = Hello(self._session, "doctor", proof=Proof(1, leaving=True))
        self._mailbox.post(Letter.PRESENCE, encode(hello), retain=True)
        self._mailbox.post(Letter.PICTURE, frames.encode(frames.Hold(0)), retain=True)
        self._mailbox.post(Letter.TEXT, frames.encode(frames.Text("")), retain=False)
        await self._until_back(dict.fromkeys((Letter.PRESENCE, Letter.PICTURE, Letter.TEXT), 1))
        largest = 0
        for size in (USUAL_BYTES, MAX_MESSAGE_BYTES):
            await self._wait_for_the_broker(CONNECT_S)
            self._mailbox.post(Letter.SIGNAL, bytes(size), retain=False, to=NOBODY)
            if not await self._until_back({Letter.SIGNAL: size}):
                break
            largest = size
        return Passage(tuple(letter for letter in Letter if letter not in self._came), largest)

    async def _until_back(self, sizes: dict[Letter, int]) -> bool:
        """Wait until messages of at least these sizes came back, or the connection ends, or it takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TRY_S):
                while self._up.is_set() and self._lacks(sizes):
                    self._news.clear()
                    await self._news.wait()
        return not self._lacks(sizes)

    def _lacks(self, sizes: dict[Letter, int]) -> Collection[Letter]:
        return [letter for letter, size in sizes.items() if self._came.get(letter, 0) < size]

    async def _wait_for_the_broker(self, patience_s: float) -> None:
        try:
            async with asyncio.timeout(patience_s):
                await self._up.wait()
        except TimeoutError:
            raise NodeError(f"the broker {self._address} does not answer within {patience_s:.0f} s") from None

    async def _clear(self) -> None:
        for letter in (Letter.PRESENCE, Letter.PICTURE):
            self._mailbox.post(letter, b"", retain=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAR_S):
                await self._up.wait()
                await self._mailbox.link.flush(CLEAR_S)

    def _echo(self, letter: Letter, size: int) -> None:
        self._came[letter] = max(size, self._came.get(letter, 0))
        self._news.set()

    def _went_down(self) -> None:
        self._up.clear()
        self._news.set()


def _ignore(topic: Topic, payload: bytes) -> None:
    """Who is in the room is none of the doctor's business."""
