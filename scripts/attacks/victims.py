"""The two nodes: whole ones, with real links and Opus; the models' part is played by a list of words."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from attacks.broker import LOOPBACK
from node.call.endpoints import Endpoints, Rendezvous
from node.call.node import Node
from node.captions.coder import ThreadCoder, shipped_codecs
from node.links.address import BrokerAddress
from node.speech.pcm import FRAME_SAMPLES, Pcm
from node.speech.profiles import LEAN
from node.speech.sinks import NullSink
from node.speech.sources import PacedSource
from node.vision.types import PaintedPicture, SeenPicture
from protocol.room_secret import RoomSecret

PATIENCE_S = 30.0  # for what must happen: only a failing attack ever waits so long


class Words:
    """Captions that would be known in any capture, a new one whenever the camera shows something new; or `only` one."""

    def __init__(self, name: str) -> None:
        self.said: list[str] = []
        self.only = ""
        self._name = name

    async def see(self, image: Image.Image, client: str = "") -> SeenPicture:
        if self.only:
            return SeenPicture(self.only)
        self.said.append(f"the unmistakable {self._name} waves flag number {len(self.said)}")
        return SeenPicture(self.said[-1])

    async def paint(self, text: str, seed: int, **what_else: object) -> Image.Image:
        return Image.new("RGB", (8, 8))

    async def paint_between(self, before: Any, after: Any, share: float, client: str = "") -> Image.Image:
        return Image.new("RGB", (8, 8))


class Slides:
    """A camera; `turn` lets it see something else."""

    name = "slides"

    def __init__(self) -> None:
        self._number = 0

    def turn(self) -> None:
        self._number += 1

    async def snapshot(self) -> Image.Image:
        seen = Image.new("RGB", (64, 64), "red")
        seen.paste(("blue", "green", "white", "black")[self._number % 4], (0, 0, 32, 32))
        return seen

    async def close(self) -> None:
        pass


def hum() -> Iterator[Pcm]:
    """Noise that swells and ebbs, without a pause."""
    rng = np.random.default_rng(7)
    for frame in itertools.count():
        white = rng.normal(0, 1, FRAME_SAMPLES + 15)
        low = np.convolve(white, np.ones(16) / 16, "valid")
        yield (low * (6000 + 3000 * np.sin(frame / 3))).astype(np.int16)


class Victim:
    """A node, and all that a person at it would see."""

    def __init__(self, name: str, secret: RoomSecret, port: int, speaks: bool = True) -> None:
        self.words, self.camera = Words(name), Slides()
        self.seen: list[str] = []
        self.notes: list[str] = []
        place = Rendezvous(secret, BrokerAddress(LOOPBACK, port), address=LOOPBACK)
        source = PacedSource(hum) if speaks else None
        parts = Endpoints(LEAN, self.words, ThreadCoder(shipped_codecs()), source, NullSink(), self.camera, paints=True)
        self.node = Node(name, place, parts, show=self._show, note=self.notes.append)

    async def _show(self, painted: PaintedPicture) -> None:
        self.seen.append(painted.caption)

    @property
    def id(self) -> str:
        return self.node.id

    @property
    def refused(self) -> int:
        """How much of what came was no good."""
        return self.node.count().bad_messages

    @property
    def heard(self) -> int:
        """How many speech packets came."""
        return self.node.count().speech_in.received

    def links(self) -> set[str]:
        """Which peers a link is up to."""
        room = self.node.room
        return {peer for peer in room.hellos if room.peers.is_up(peer)}

    def state(self) -> tuple[object, ...]:
        """All that an attack might have changed."""
        return tuple(self.node.peers()), frozenset(self.links()), tuple(self.notes), tuple(self.seen)


async def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> bool:
    """Waits for the condition; whether it came true in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            while not condition():  # noqa: ASYNC110 - it looks at what tells nobody
                await asyncio.sleep(0.01)
            return True
    return False


@contextlib.asynccontextmanager
async def running(*victims: Victim) -> AsyncIterator[None]:
    """Runs the nodes for the length of the context."""
    tasks = [asyncio.create_task(victim.node.run(), name=victim.node.name) for victim in victims]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
