"""The seed stays while the scene does; a new scene's is the best of the tries that were done in time."""

from __future__ import annotations

import asyncio

import pytest
from PIL import Image

from node.vision import seeds as module
from node.vision.scenes import SceneSequence, caption, draw, sample
from node.vision.seeds import SeedChooser, draw_seeds
from node.vision.types import Prompt
from protocol.errors import NodeError

DAY, NIGHT = Image.new("RGB", (32, 32), (200, 200, 200)), Image.new("RGB", (32, 32), (20, 20, 40))
CAT = "a cat sitting on top of a wooden bench"
MAN = "a man wearing a red shirt is talking in an office"


class Draws:
    """Seeds in order, so many at each draw."""

    def __init__(self) -> None:
        self.next = 0

    def __call__(self, count: int) -> list[int]:
        self.next += count
        return list(range(self.next - count, self.next))


class Easel:
    """Paints in grey, the brighter the larger the seed; can be slow or broken from a seed on."""

    def __init__(self, stuck_at: int | None = None, broken_at: int | None = None) -> None:
        self.stuck_at, self.broken_at = stuck_at, broken_at
        self.painted: list[Prompt] = []

    async def __call__(self, prompt: Prompt) -> Image.Image:
        self.painted.append(prompt)
        if prompt.seed == self.stuck_at:
            await asyncio.Event().wait()
        if prompt.seed == self.broken_at:
            raise NodeError("the generator failed")
        return Image.new("RGB", (16, 16), (prompt.seed * 30,) * 3)


def grey(level: int) -> Image.Image:
    return Image.new("RGB", (32, 32), (level,) * 3)


async def test_one_seed_for_one_scene() -> None:
    seeds = SeedChooser(draw=Draws())
    said = [
        (CAT, DAY),
        (CAT.replace("sitting", "sleeping"), NIGHT),  # the words tell that only the light and the pose are new
        ("something else altogether", NIGHT),  # the picture tells that only the wording is
        (MAN, DAY),  # both differ: another scene
        (MAN + " at sunset", NIGHT),
        (CAT, DAY),
    ]
    assert [await seeds.choose(words, image, b"") for words, image in said] == [0, 0, 0, 1, 1, 2]


async def test_drawn_stories_keep_their_seed_and_other_scenes_get_another() -> None:
    seeds = SeedChooser(draw=Draws())
    chosen = [
        await seeds.choose(caption(sequence.scene(seconds)), sequence.image(seconds, 64), b"")
        for sequence in map(SceneSequence, range(3))
        for seconds in range(0, 40, 4)
    ]
    assert chosen == [0] * 10 + [1] * 10 + [2] * 10


async def test_scenes_at_random_are_told_apart() -> None:
    seeds = SeedChooser(draw=Draws())
    scenes = [sample(number) for number in range(100)]
    chosen = {await seeds.choose(caption(scene), draw(scene, size=64), b"") for scene in scenes}
    assert len(chosen) > 95


async def test_the_closest_of_the_tries_is_sent() -> None:
    easel = Easel()
    seeds = SeedChooser(4, easel, Draws())
    assert await seeds.choose(CAT, grey(65), b"12345678") == 2
    assert easel.painted == [Prompt(CAT, seed, b"12345678") for seed in range(4)]
    assert await seeds.choose(CAT + " at night", grey(0), b"") == 2
    assert len(easel.painted) == 4


async def test_tries_that_take_too_long_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIES_S", 0.05)
    seeds = SeedChooser(8, Easel(stuck_at=2), Draws())
    assert await seeds.choose(CAT, grey(200), b"") == 1


async def test_a_generator_that_fails_ends_the_tries() -> None:
    seeds = SeedChooser(8, Easel(broken_at=3), Draws())
    assert await seeds.choose(CAT, grey(200), b"") == 2


async def test_a_scene_whose_tries_were_all_in_vain_is_tried_again_at_its_next_picture() -> None:
    seeds = SeedChooser(2, Easel(broken_at=0), Draws())
    assert await seeds.choose(CAT, grey(200), b"") == 0
    assert await seeds.choose(CAT + " at night", grey(200), b"") == 3
    assert await seeds.choose(CAT, grey(200), b"") == 3


def test_seeds_are_small_and_all_different() -> None:
    assert sorted(draw_seeds(module.SMALL_SEEDS)) == list(range(128))
    assert len({draw_seeds(1)[0] for _ in range(200)}) > 20
