"""The evaluation of picture models, on scenes whose combination of attributes no training ever saw.

Each scene is drawn and captioned; its right caption is painted and the painting captioned again (the round trip);
the captioner's own caption is painted and captioned again, as in a call. An attribute counts as preserved if the
last caption says it, and apart from that if the pixels show it (`node.bench.models.judge`). Captions are read as the
embedded models write them: another wording of another model counts as no attribute.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from node.bench.models.judge import judge
from node.bench.models.scores import EvaluationScores, report
from node.vision.presets import Preset
from node.vision.scenes import Scene, attributes, attributes_of, caption, draw, held_out, sample
from node.vision.worker import Worker

if TYPE_CHECKING:
    from PIL import Image

# Training watches its progress on held-out scenes from seed 10,000,000 on: these it never looked at.
FIRST_SEED = 20_000_000

# The paintings' seeds are below this, as a sender's are.
SEEDS = 128

# A scene is drawn at some moment of its first seconds.
CLIP_SECONDS = 10.0


class PictureModels(Protocol):
    """The models to evaluate: a `Worker`, or a test's own."""

    @property
    def pid(self) -> int | None: ...

    async def caption(self, image: Image.Image, *, painted: bool = False) -> str: ...

    async def paint(self, text: str, seed: int) -> Image.Image: ...


def unseen_scenes(number: int, first_seed: int = FIRST_SEED) -> Iterator[Scene]:
    """Yield the first `number` scenes from that seed on whose combination of attributes is held out of all training."""
    return islice(filter(held_out, map(sample, count(first_seed))), number)


@asynccontextmanager
async def loaded_worker(preset: Preset) -> AsyncIterator[Worker]:
    """Yield a worker whose models are loaded. Raises NodeError if one cannot be."""
    async with Worker(captioner=preset.captioner, generator=preset.generator) as worker:
        await worker.ready()
        yield worker


async def evaluate_models(
    preset: Preset,
    number: int,
    first_seed: int,
    tick: Callable[[], None],
    load: Callable[[Preset], AbstractAsyncContextManager[PictureModels]] = loaded_worker,
) -> dict[str, Any]:
    """Measure the models of a preset in a worker of their own and return the report; call `tick` after each scene.

    Raises NodeError if a model cannot be loaded or fails.
    """
    async with load(preset):
        pass  # what is timed is every start but the first: everything is in the system's cache
    began = time.monotonic()
    async with load(preset) as worker:
        load_s = time.monotonic() - began
        scores = await measure(worker, unseen_scenes(number, first_seed), tick)
        rss_mb = peak_mb(worker.pid)
    head = {"models": preset.name, "scenes": number, "first_seed": first_seed}
    return {**head, **report(scores), "load_s": round(load_s, 2), "rss_mb": rss_mb}


async def measure(
    models: PictureModels,
    scenes: Iterator[Scene],
    tick: Callable[[], None],
    clock: Callable[[], float] = time.perf_counter,
) -> EvaluationScores:
    """Caption and paint scene by scene, and count what was right."""
    scores = EvaluationScores()
    for scene in scenes:
        await _measure_one(_Timed(models, scores, clock), scene, scores)
        tick()
    return scores


@dataclass
class _Timed:
    """The models, timed."""

    models: PictureModels
    scores: EvaluationScores
    clock: Callable[[], float]

    async def caption(self, image: Image.Image, *, painted: bool = False) -> str:
        began = self.clock()
        words = await self.models.caption(image, painted=painted)
        self.scores.caption_seconds.append(self.clock() - began)
        return words

    async def paint(self, text: str, seed: int) -> Image.Image:
        began = self.clock()
        image = await self.models.paint(text, seed)
        self.scores.paint_seconds.append(self.clock() - began)
        return image


async def _measure_one(models: _Timed, scene: Scene, scores: EvaluationScores) -> None:
    truth, right_words, seed = attributes(scene), caption(scene), scene.variant % SEEDS
    words = await models.caption(await asyncio.to_thread(draw, scene, scene.variant / 100 % CLIP_SECONDS))
    scores.captioner.add(truth, attributes_of(words))
    painted = await models.paint(right_words, seed)
    found = attributes_of(await models.caption(painted, painted=True))
    scores.round_trip.add(truth, found)
    if words != right_words:
        found = attributes_of(await models.caption(await models.paint(words, seed), painted=True))
    scores.call.add(truth, found)
    verdict = await asyncio.to_thread(judge, painted, scene)
    scores.pixels.add(truth, verdict.attributes)
    scores.overlaps.append(verdict.overlap)


def peak_mb(pid: int | None) -> float | None:
    """Return the most memory, in 10**6 bytes, that a process ever had resident; None where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return None if found is None else round(int(found[1]) * 1024 / 1e6, 1)
