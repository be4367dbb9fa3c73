"""Received pictures: painted one at a time, the newest of each peer, on a clock that the test turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

import pytest
from happenings import Happenings
from PIL import Image

from node.vision.morph import Between, Morph, Screen
from node.vision.receiver import PictureReceiver
from node.vision.stats import PicturesIn
from node.vision.types import PaintedPicture, Prompt
from protocol import frames
from protocol.errors import NodeError

IMAGE = Image.new("RGB", (10, 10))


class Wall:
    """A receiver that paints when the test lets it, and stumbles over a peer where the test says."""

    def __init__(self) -> None:
        self.now = 50.0
        self.let = asyncio.Event()
        self.let.set()
        self.begun, self.painted, self.shown, self.notes = Happenings(), Happenings(), Happenings(), Happenings()
        self.prompts: list[Prompt] = []
        self.counts = PicturesIn()
        self.failures: list[Exception] = []
        self.stumbles_in = ""
        self.morph = self.make_morph()
        self.receiver = PictureReceiver(
            self._paint,
            self._show,
            self.counts,
            clock=lambda: self.now,
            note=self.notes.add,
            painted=self.painted.add,
            morph=self.morph,
        )

    def make_morph(self) -> Morph | None:
        return None

    async def _paint(self, peer: str, prompt: Prompt) -> Image.Image:
        self._stumble("paint", peer)
        self.begun.add((peer, prompt.text, prompt.seed, self.now))
        self.prompts.append(prompt)
        await self.let.wait()
        if self.failures:
            raise self.failures.pop(0)
        return IMAGE

    async def _show(self, painted: PaintedPicture) -> None:
        self._stumble("show", painted.peer)
        assert self.painted.all[-1] is painted, "observers are notified first"
        self.shown.add(painted)

    def _stumble(self, where: str, peer: str) -> None:
        if self.stumbles_in == where and peer == "b":
            raise RecursionError("a caption that nobody should read in a log")

    def receive(self, sequence: int, words: str, peer: str = "b", look: bytes = b"") -> None:
        self.receiver.receive(peer, frames.Picture(sequence, 0, 0, words.encode(), 9, look), words)


AnyWall = TypeVar("AnyWall", bound=Wall)


@contextlib.asynccontextmanager
async def painting(wall: AnyWall) -> AsyncIterator[AnyWall]:
    task = asyncio.create_task(wall.receiver.run())
    try:
        yield wall
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_frame_is_painted_shown_and_counted() -> None:
    async with painting(Wall()) as wall:
        wall.receive(1, "a cat")
        assert await wall.shown.count(1) == [PaintedPicture(peer="b", sequence=1, caption="a cat", seed=9, image=IMAGE)]
        assert wall.begun.all == [("b", "a cat", 9, 50.0)]
    assert wall.counts == PicturesIn(painted=1, first_painted_at=50.0, last_caption="a cat")


async def test_the_first_painting_keeps_its_time() -> None:
    async with painting(Wall()) as wall:
        wall.receive(1, "a cat")
        await wall.shown.count(1)
        wall.now = 99.0
        wall.receive(2, "a dog")
        await wall.shown.count(2)
    assert wall.counts.first_painted_at == 50.0
    assert wall.counts.last_caption == "a dog"


async def test_what_came_while_painting_is_replaced_by_the_newest() -> None:
    async with painting(Wall()) as wall:
        wall.let.clear()
        wall.receive(1, "one")
        await wall.begun.count(1)
        for number, words in enumerate(("two", "three", "four"), start=2):
            wall.receive(number, words)
        wall.let.set()
        await wall.shown.count(2)
        assert [painted.caption for painted in wall.shown.all] == ["one", "four"]
    assert wall.counts.painted == 2


async def test_the_peer_that_waited_longest_is_painted_first() -> None:
    async with painting(Wall()) as wall:
        wall.let.clear()
        wall.receive(1, "begun", peer="x")
        await wall.begun.count(1)
        wall.receive(1, "b1", peer="b")
        wall.receive(1, "c1", peer="c")
        wall.receive(2, "b2", peer="b")
        wall.let.set()
        await wall.shown.count(3)
        assert [painted.caption for painted in wall.shown.all] == ["begun", "c1", "b2"]


async def test_a_look_is_painted_from_unless_it_is_of_an_unknown_length() -> None:
    async with painting(Wall()) as wall:
        for sequence, coded in enumerate((bytes(8), bytes(12), bytes(16), b""), start=1):
            wall.receive(sequence, "a cat", look=coded)
            await wall.shown.count(sequence)
    assert [painted.look for painted in wall.shown.all] == [bytes(8), b"", bytes(16), b""]
    assert wall.prompts == [Prompt("a cat", 9, painted.look) for painted in wall.shown.all]


class Screening(Wall):
    """A wall whose screen morphs; the steps in between are painted when the test lets them."""

    def __init__(self, between: Between | None = None, screen: Screen | None = None) -> None:
        self.let_move = asyncio.Event()
        self.asked, self.seen = Happenings(), Happenings()
        self.between, self.screen = between or self._between, screen or self._screen
        self.sleep = self._sleep
        super().__init__()

    def make_morph(self) -> Morph:
        return Morph(
            4,
            lambda *step: self.between(*step),  # noqa: PLW0108 - a test may replace it
            lambda *seen: self.screen(*seen),  # noqa: PLW0108
            lambda: self.now,
            lambda seconds: self.sleep(seconds),  # noqa: PLW0108
        )

    async def _between(self, peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        self.asked.add((before.text, after.text, share))
        await self.let_move.wait()
        return IMAGE

    async def _screen(self, peer: str, image: Image.Image) -> None:
        self.seen.add(peer)

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def test_the_screen_moves_while_no_picture_waits() -> None:
    async with painting(Screening()) as wall:
        wall.let_move.set()
        wall.receive(1, "a cat")
        await wall.seen.count(1)
        wall.receive(2, "a dog")
        assert await wall.shown.count(2)  # the picture itself is not held up
        await wall.seen.count(5)
    assert wall.asked.all == [("a cat", "a dog", share) for share in (0.25, 0.5, 0.75)]


async def test_a_new_picture_cancels_the_morph_at_once() -> None:
    async with painting(Screening()) as wall:
        for sequence, words in enumerate(("a cat", "a dog"), start=1):
            wall.receive(sequence, words)
            await wall.shown.count(sequence)
        await wall.asked.count(1)  # and never answered
        wall.receive(3, "a cow")
        await wall.shown.count(3)
        wall.let_move.set()
        await wall.asked.count(2)
    assert wall.asked.all[1][:2] == ("a dog", "a cow")


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("held_up_by", ["painting a step", "waiting for the next"])
async def test_a_morph_never_delays_a_new_picture(steps: int, held_up_by: str) -> None:
    wall, held = Screening(), Happenings()
    left = [steps]

    async def hold_when_none_is_left() -> None:
        if not left[0]:
            held.add(wall.now)
            await asyncio.Event().wait()

    async def between(peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        if held_up_by == "painting a step":
            await hold_when_none_is_left()
        left[0] -= 1
        return IMAGE

    async def sleep(seconds: float) -> None:
        if held_up_by == "waiting for the next":
            await hold_when_none_is_left()
        wall.now += seconds

    wall.between, wall.sleep = between, sleep
    async with painting(wall):
        for sequence, words in enumerate(("a cat", "a dog"), start=1):
            wall.receive(sequence, words)
            await wall.shown.count(sequence)
        received_at = (await held.count(1))[0]
        wall.receive(3, "a cow")
        await wall.shown.count(3)
    *_, begun_at = wall.begun.all[-1]
    assert begun_at == received_at


async def test_a_peer_that_left_does_not_move() -> None:
    wall = Screening()
    morph = wall.morph
    assert morph is not None
    await morph.begin("b", Prompt("a cat", 1), IMAGE, 0.0)
    await morph.begin("b", Prompt("a dog", 1), IMAGE, 0.0)
    wall.receiver.left("b")
    await morph.run()
    assert wall.asked.all == []


async def test_a_screen_that_fails_is_noted() -> None:
    wall = Screening()

    async def broken(peer: str, image: Image.Image) -> None:
        raise NodeError("the disk is full")

    async with painting(wall):
        wall.receive(1, "a cat")
        await wall.seen.count(1)
        wall.screen = broken
        wall.let_move.set()
        wall.receive(2, "a dog")
        assert await wall.notes.count(1) == ["the disk is full"]


async def test_a_peer_that_left_is_not_painted() -> None:
    async with painting(Wall()) as wall:
        wall.receive(1, "left", peer="b")
        wall.receive(1, "stays", peer="c")
        wall.receiver.left("b")
        await wall.shown.count(1)
        assert [peer for peer, *_ in wall.begun.all] == ["c"]


async def test_a_painting_that_fails_is_noted_and_the_next_one_is_painted() -> None:
    async with painting(Wall()) as wall:
        wall.failures = [NodeError("a newer picture took its place")]
        wall.receive(1, "fails")
        assert await wall.notes.count(1) == ["a newer picture took its place"]
        wall.receive(2, "works")
        await wall.shown.count(1)
    assert wall.counts.painted == 1


@pytest.mark.parametrize("where", ["paint", "show"])
async def test_a_fault_in_one_peers_picture_ends_neither_the_others_nor_the_receiver(where: str) -> None:
    async with painting(Wall()) as wall:
        wall.stumbles_in = where
        wall.receive(1, "stumbles", peer="b")
        wall.receive(1, "a cat", peer="c")
        await wall.shown.count(1)
    assert [painted.peer for painted in wall.shown.all] == ["c"]
    assert wall.receiver.faults.count == 1
