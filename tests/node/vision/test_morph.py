"""From one picture to the next on a clock that the test turns: sleeping is what moves it."""

from __future__ import annotations

import asyncio

import pytest
from PIL import Image

from node.vision.morph import Morph
from node.vision.types import Prompt
from protocol.errors import NodeError

CAT, DOG, COW = (Prompt(words, 1) for words in ("cat", "dog", "cow"))
IMAGES = {prompt: Image.new("RGB", (4, 4), colour) for prompt, colour in ((CAT, "red"), (DOG, "blue"), (COW, "green"))}
FAST = 0.01


class Cinema:
    """What was asked for in between, and what the screens showed: the prompt of a picture, or a share."""

    def __init__(self, fps: float = 4.0, painting_s: float = FAST) -> None:
        self.now = 10.0
        self.painting_s = painting_s
        self.shown: list[tuple[str, object]] = []
        self.fails = self.stuck = False
        self.morph = Morph(fps, self._between, self._screen, lambda: self.now, self._sleep)

    async def _between(self, peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        if self.stuck:
            await asyncio.Event().wait()
        self.now += self.painting_s
        if self.fails:
            raise NodeError("the generator failed")
        image = Image.new("RGB", (4, 4))
        image.info = {"way": (before.text, after.text, round(share, 2))}
        return image

    async def _screen(self, peer: str, image: Image.Image) -> None:
        known = {id(picture): prompt.text for prompt, picture in IMAGES.items()}
        self.shown.append((peer, known.get(id(image)) or image.info["way"]))

    async def _sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds
        await asyncio.sleep(0)

    async def begin(self, prompt: Prompt, peer: str = "b", painting_s: float = FAST) -> None:
        await self.morph.begin(peer, prompt, IMAGES[prompt], painting_s)


async def test_the_screen_moves_from_the_old_picture_to_the_new() -> None:
    cinema = Cinema()
    for prompt in (CAT, DOG):
        await cinema.begin(prompt)
        await cinema.morph.run()
    shares = (0.25, 0.5, 0.75)
    assert cinema.shown == [("b", "cat"), *(("b", ("cat", "dog", share)) for share in shares), ("b", "dog")]
    assert cinema.now == pytest.approx(11.0)


@pytest.mark.parametrize(("fps", "painting_s"), [(0, FAST), (4, 0.26), (0.5, FAST)])
async def test_no_steps_where_none_are_wanted_or_the_machine_is_too_slow(fps: float, painting_s: float) -> None:
    cinema = Cinema(fps)
    for prompt in (CAT, DOG):
        await cinema.begin(prompt, painting_s=painting_s)
        await cinema.morph.run()
    assert cinema.shown == [("b", "cat"), ("b", "dog")]


async def test_the_same_picture_again_does_not_move() -> None:
    cinema = Cinema()
    for prompt in (CAT, CAT):
        await cinema.begin(prompt)
        await cinema.morph.run()
    assert cinema.shown == [("b", "cat")] * 2


async def test_steps_that_take_long_are_fewer_not_later() -> None:
    cinema = Cinema(painting_s=0.4)
    for prompt in (CAT, DOG):
        await cinema.begin(prompt)
        await cinema.morph.run()
    assert cinema.shown[1:] == [("b", ("cat", "dog", 0.25)), ("b", ("cat", "dog", 0.65)), ("b", "dog")]


async def test_a_newer_picture_ends_the_way_to_the_older() -> None:
    cinema = Cinema()
    await cinema.begin(CAT)
    await cinema.begin(DOG)
    await cinema.begin(COW)
    await cinema.morph.run()
    assert cinema.shown[1] == ("b", ("dog", "cow", 0.25))
    assert cinema.shown[-1] == ("b", "cow")
    assert len(cinema.shown) == 5


async def test_peers_move_side_by_side() -> None:
    cinema = Cinema()
    for prompt in (CAT, DOG):
        for peer in "bc":
            await cinema.begin(prompt, peer)
    await cinema.morph.run()
    assert [peer for peer, _ in cinema.shown[2:]] == ["b", "c"] * 4


async def test_what_was_cancelled_goes_on_when_run_again() -> None:
    cinema = Cinema()
    await cinema.begin(CAT)
    await cinema.begin(DOG)
    cinema.stuck = True
    running = asyncio.create_task(cinema.morph.run())
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert cinema.shown == [("b", "cat")]
    cinema.stuck = False
    await cinema.morph.run()
    assert cinema.shown[-1] == ("b", "dog")


async def test_a_step_that_fails_leads_to_the_picture_at_once() -> None:
    cinema = Cinema()
    await cinema.begin(CAT)
    await cinema.begin(DOG)
    cinema.fails = True
    await cinema.morph.run()
    assert cinema.shown == [("b", "cat"), ("b", "dog")]


async def test_a_peer_that_left_does_not_move() -> None:
    cinema = Cinema()
    await cinema.begin(CAT)
    await cinema.begin(DOG)
    cinema.morph.forget("b")
    cinema.morph.forget("nobody")
    await cinema.morph.run()
    await cinema.begin(COW)
    assert cinema.shown == [("b", "cat"), ("b", "cow")]


async def test_a_peer_that_leaves_while_it_moves_does_not_end_the_others() -> None:
    cinema = Cinema()
    for prompt in (CAT, DOG):
        for peer in "bc":
            await cinema.begin(prompt, peer)
    between = cinema._between

    async def leaves_meanwhile(peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        cinema.morph.forget("b")
        if peer == "b":
            raise NodeError("nobody to paint for")
        return await between(peer, before, after, share)

    cinema.morph.between = leaves_meanwhile
    await cinema.morph.run()
    assert {peer for peer, _ in cinema.shown[2:]} == {"c"}
    assert cinema.shown[-1] == ("c", "dog")
