"""The seed stays while scene and person do; a new one is a person's likeness, or the best of the tries done in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from PIL import Image

from node.vision import seeds as module
from node.vision.scenes import SceneSequence, Variation, caption, draw, sample
from node.vision.seed_table import ONE_BYTE, TWO_BYTES, nearest_seeds, seed_numbers
from node.vision.seeds import Easel, SeedChooser, draw_seeds, kept
from node.vision.types import Prompt
from protocol.errors import NodeError

DAY, NIGHT = Image.new("RGB", (32, 32), (200, 200, 200)), Image.new("RGB", (32, 32), (20, 20, 40))
CAT = "a cat sitting on top of a wooden bench"
MAN = "a man wearing a red shirt is talking in an office"
SOMEBODY = Variation(skin=0.8, across=0.3, down=0.5, size=0.6, tilt=0.5)


class Draws:
    """Seeds in order, so many at each draw."""

    def __init__(self) -> None:
        self.next = 0

    def __call__(self, count: int) -> list[int]:
        self.next += count
        return list(range(self.next - count, self.next))


class Studio:
    """Paints in grey, the brighter the larger the seed, and reads its paintings; can be slow or broken from a seed on.

    A painting is read as `shows` says for its seed, else as the words it was painted of, with no likeness.
    """

    def __init__(
        self,
        stuck_at: int | None = None,
        broken_at: int | None = None,
        shows: dict[int, tuple[str, Variation | None]] | None = None,
    ) -> None:
        self.stuck_at, self.broken_at, self.shows = stuck_at, broken_at, shows or {}
        self.painted: list[Prompt] = []

    @property
    def easel(self) -> Easel:
        return Easel(self.paint, self.look)

    async def paint(self, prompt: Prompt) -> Image.Image:
        self.painted.append(prompt)
        if prompt.seed == self.stuck_at:
            await asyncio.Event().wait()
        if prompt.seed == self.broken_at:
            raise NodeError("the generator failed")
        return Image.new("RGB", (16, 16), (min(255, prompt.seed),) * 3)

    async def look(self, painting: Image.Image) -> tuple[str, Variation | None]:
        prompt = self.painted[-1]
        assert painting.getpixel((0, 0)) == (min(255, prompt.seed),) * 3
        return self.shows.get(prompt.seed, (prompt.text, None))


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


async def test_the_try_whose_painting_keeps_most_words_is_sent() -> None:
    studio = Studio(shows={0: ("a dog in a park", None), 1: ("a cat", None), 3: ("", None)})
    seeds = SeedChooser(4, studio.easel, Draws())
    assert await seeds.choose("a cat and a dog", DAY, b"12345678") == 2
    assert studio.painted == [Prompt("a cat and a dog", seed, b"12345678") for seed in range(4)]
    assert await seeds.choose("a cat and a dog at night", NIGHT, b"") == 2
    assert len(studio.painted) == 4


async def test_attributes_count_before_likeness_and_likeness_decides_between_equals() -> None:
    first, second, third, *others = nearest_seeds(SOMEBODY, 4)
    shows = {
        first: (MAN, replace(SOMEBODY, skin=0.1)),
        second: (MAN.replace("red", "blue"), SOMEBODY),
        third: (MAN, replace(SOMEBODY, skin=0.7)),
        others[0]: (MAN, None),
    }
    seeds = SeedChooser(4, Studio(shows=shows).easel, Draws())
    seeds.notice(SOMEBODY)
    assert await seeds.choose(MAN, DAY, b"") == third


def test_attributes_kept_are_counted_of_the_drawn_world_and_words_of_any_other() -> None:
    assert kept(MAN, MAN) == 1
    assert kept(MAN, MAN.replace("red", "blue").replace("talking", "smiling")) == pytest.approx(8 / 10)
    assert kept(MAN, "a cat sitting on top of a sofa") < 0.3
    assert kept("two zebras", "two zebras") == 1
    assert kept("two zebras", "one lion") == 0


async def test_tries_that_take_too_long_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIES_S", 0.05)
    studio = Studio(stuck_at=2, shows={0: ("", None)})
    assert await SeedChooser(8, studio.easel, Draws()).choose(CAT, DAY, b"") == 1


async def test_a_generator_that_fails_ends_the_tries() -> None:
    studio = Studio(broken_at=3, shows={0: ("", None), 1: ("", None)})
    assert await SeedChooser(8, studio.easel, Draws()).choose(CAT, DAY, b"") == 2


async def test_a_scene_whose_tries_were_all_in_vain_is_tried_again_at_its_next_picture() -> None:
    seeds = SeedChooser(2, Studio(broken_at=0, shows={2: ("", None)}).easel, Draws())
    assert await seeds.choose(CAT, DAY, b"") == 0
    assert await seeds.choose(CAT + " at night", DAY, b"") == 3
    assert await seeds.choose(CAT, DAY, b"") == 3


async def test_a_person_gets_the_seed_of_that_likeness_and_keeps_it() -> None:
    seeds = SeedChooser(draw=Draws())
    chosen = []
    for number in range(30):
        shaken = (-1) ** number * 0.03
        seeds.notice(replace(SOMEBODY, skin=SOMEBODY.skin + shaken, tilt=number / 30, across=0.3 + 3 * shaken))
        chosen.append(await seeds.choose(MAN if number % 2 else MAN + " at night", NIGHT, b""))
    assert len(set(chosen)) == 1
    numbers = seed_numbers(chosen[:1])[0]
    assert abs(numbers[0] - SOMEBODY.skin) < 0.08
    assert chosen[0] < TWO_BYTES


async def test_a_person_who_appears_later_gets_a_seed_of_that_likeness_then() -> None:
    seeds = SeedChooser(draw=Draws())
    seeds.notice(None)
    assert await seeds.choose(MAN, DAY, b"") == 0
    seeds.notice(SOMEBODY)
    assert await seeds.choose(MAN, DAY, b"") == nearest_seeds(SOMEBODY)[0]


async def test_another_scene_forgets_the_person_and_takes_up_the_next() -> None:
    seeds = SeedChooser(draw=Draws())
    seeds.notice(SOMEBODY)
    somebody = await seeds.choose(MAN, DAY, b"")
    seeds.notice(None)
    assert await seeds.choose(CAT, NIGHT, b"") == 1  # at random
    seeds.notice(replace(SOMEBODY, skin=0.1))
    another = await seeds.choose(MAN, DAY, b"")
    assert seed_numbers([somebody, another])[:, 0] == pytest.approx([0.8, 0.1], abs=0.08)


async def test_drawing_the_table_does_not_stop_the_loop() -> None:
    seeds = SeedChooser()
    seeds.notice(SOMEBODY)
    async with asyncio.timeout(5):
        choosing = asyncio.create_task(seeds.choose(MAN, DAY, b""))
        await asyncio.sleep(0)
        assert not choosing.done()  # in a thread
        await choosing


def test_seeds_are_small_and_all_different() -> None:
    assert sorted(draw_seeds(ONE_BYTE)) == list(range(128))
    assert len({draw_seeds(1)[0] for _ in range(200)}) > 20
