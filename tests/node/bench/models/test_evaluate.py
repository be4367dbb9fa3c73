"""The bench with models whose faults are known."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from PIL import Image

from node.bench.models import evaluate
from node.vision.presets import preset
from node.vision.scenes import Scene, attributes, caption, draw, held_out

SCENES = list(evaluate.unseen_scenes(4))


class Oracle:
    """Names every scene that it is shown and paints it as the scene camera would, unless told to fail."""

    def __init__(self, scenes: list[Scene]) -> None:
        self._by_words = {caption(scene): scene for scene in scenes}
        shown = [(scene, moment) for scene in scenes for moment in (0.0, scene.variant / 100 % evaluate.CLIP_SECONDS)]
        self._by_pixels = {draw(scene, moment).tobytes(): caption(scene) for scene, moment in shown}
        self.blind_to: set[str] = set()
        self.painted: list[tuple[str, int]] = []
        self.pid = os.getpid()

    async def caption(self, image: Image.Image, *, painted: bool = False) -> str:
        words = self._by_pixels.get(image.tobytes(), "a grey wall")
        return "something" if words in self.blind_to else words

    async def paint(self, text: str, seed: int) -> Image.Image:
        self.painted.append((text, seed))
        if text not in self._by_words:
            return Image.new("RGB", (256, 256), "gray")
        return draw(self._by_words[text])


def test_scenes_are_held_out_and_stay_the_same() -> None:
    assert all(map(held_out, SCENES))
    assert SCENES[:2] == list(evaluate.unseen_scenes(2))
    assert list(evaluate.unseen_scenes(4, first_seed=5)) != SCENES


async def test_models_without_a_fault_get_full_marks() -> None:
    ticks: list[int] = []
    clock = count(step=0.5)
    scores = await evaluate.measure(Oracle(SCENES), iter(SCENES), lambda: ticks.append(1), lambda: next(clock))
    assert len(ticks) == len(SCENES)
    for score in (scores.captioner, scores.round_trip, scores.call):
        assert (score.accuracy, score.exactness, score.scenes) == (1.0, 1.0, len(SCENES))
    assert scores.pixels.accuracy > 0.97
    assert scores.caption_seconds == [0.5] * 2 * len(SCENES)
    assert scores.paint_seconds == [0.5] * len(SCENES)


async def test_a_wrong_caption_costs_the_captioner_and_the_call_but_not_the_pixels() -> None:
    oracle = Oracle(SCENES)
    oracle.blind_to = {caption(SCENES[0])}
    scores = await evaluate.measure(oracle, iter(SCENES[:1]), lambda: None)
    assert scores.captioner.right.total() == scores.call.right.total() == 0
    assert scores.pixels.accuracy > 0.9
    assert [text for text, _ in oracle.painted] == [caption(SCENES[0]), "something"]
    assert len({seed for _, seed in oracle.painted}) == 1
    assert scores.captioner.asked.keys() == attributes(SCENES[0]).keys()


async def test_a_run_reports_what_it_measured() -> None:
    starts: list[str] = []

    @asynccontextmanager
    async def loaded(models: object) -> AsyncIterator[Oracle]:
        starts.append("started")
        yield Oracle(SCENES)

    figures = await evaluate.evaluate_models(preset("embedded"), 1, evaluate.FIRST_SEED, lambda: None, loaded)
    assert starts == ["started", "started"]  # the first is not timed
    assert figures["models"] == "embedded"
    assert (figures["scenes"], figures["first_seed"]) == (1, evaluate.FIRST_SEED)
    assert figures["call"]["round_trip"] == 1.0
    assert figures["load_s"] >= 0


def test_memory_is_that_of_the_process_or_unknown() -> None:
    mine = evaluate.peak_mb(os.getpid())
    assert mine is None or mine > 10
    assert evaluate.peak_mb(None) is None
    assert evaluate.peak_mb(2**30) is None
