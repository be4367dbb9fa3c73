"""What picture models are worth, in figures: on scenes whose combination of attributes no training ever saw.

Each scene is drawn and captioned; its right caption is painted and the painting captioned again (the round trip);
the captioner's own caption is painted and captioned again, as in a call. What counts as kept is what the last caption
says, by attribute, and beside it what the pixels show (`node.bench.models.judge`). Captions are read as the
embedded models write them: words of another model's own count as nothing said.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from node.bench.models.judge import judge
from node.bench.models.scores import Scores, report
from node.vision.presets import Preset
from node.vision.scenes import Scene, attributes, attributes_of, caption, draw, held_out, sample
from node.vision.worker import Worker

if TYPE_CHECKING:
    from PIL import Image

FIRST_SEED = 20_000_000
"""Training watches its progress on held-out scenes from seed 10,000,000 on: these it never looked at."""

SEEDS = 128
"""The paintings' seeds are below this, as a sender's are."""

CLIP_SECONDS = 10.0
"""A scene is drawn at some moment of its first seconds."""


class Models(Protocol):
    """What is measured: a `Worker`, or a test's own."""

    async def caption(self, image: Image.Image) -> str: ...

    async def paint(self, text: str, seed: int) -> Image.Image: ...


def unseen_scenes(number: int, first_seed: int = FIRST_SEED) -> Iterator[Scene]:
    """The first `number` scenes from that seed on whose combination of attributes is held out of all training."""
    return islice(filter(held_out, map(sample, count(first_seed))), number)


async def run(preset: Preset, number: int, first_seed: int, tick: Callable[[], None]) -> dict[str, Any]:
    """Measures the models of a preset in a worker of their own and returns the report; `tick` is called scene by scene.

    Raises NodeError when a model cannot be loaded or fails.
    """
    async with _loaded(preset):
        pass  # what is timed is every start but the first: everything is in the system's cache
    began = time.monotonic()
    async with _loaded(preset) as worker:
        load_s = time.monotonic() - began
        scores = await measure(worker, unseen_scenes(number, first_seed), tick)
        rss_mb = peak_mb(worker.pid)
    head = {"models": preset.name, "scenes": number, "first_seed": first_seed}
    return {**head, **report(scores), "load_s": round(load_s, 2), "rss_mb": rss_mb}


@asynccontextmanager
async def _loaded(preset: Preset) -> AsyncIterator[Worker]:
    async with Worker(captioner=preset.captioner, generator=preset.generator) as worker:
        await worker.ready()
        yield worker


async def measure(
    models: Models,
    scenes: Iterator[Scene],
    tick: Callable[[], None],
    clock: Callable[[], float] = time.perf_counter,
) -> Scores:
    """Captions and paints scene by scene, and counts what was right."""
    scores = Scores()
    for scene in scenes:
        await _measure_one(_Timed(models, scores, clock), scene, scores)
        tick()
    return scores


@dataclass
class _Timed:
    """The models, and how long they took."""

    models: Models
    scores: Scores
    clock: Callable[[], float]

    async def caption(self, image: Image.Image) -> str:
        began = self.clock()
        words = await self.models.caption(image)
        self.scores.caption_seconds.append(self.clock() - began)
        return words

    async def paint(self, text: str, seed: int) -> Image.Image:
        began = self.clock()
        image = await self.models.paint(text, seed)
        self.scores.paint_seconds.append(self.clock() - began)
        return image


async def _measure_one(models: _Timed, scene: Scene, scores: Scores) -> None:
    truth, right_words, seed = attributes(scene), caption(scene), scene.variant % SEEDS
    words = await models.caption(await asyncio.to_thread(draw, scene, scene.variant / 100 % CLIP_SECONDS))
    scores.captioner.add(truth, attributes_of(words))
    painted = await models.paint(right_words, seed)
    told = attributes_of(await models.caption(painted))
    scores.round_trip.add(truth, told)
    if words != right_words:
        told = attributes_of(await models.caption(await models.paint(words, seed)))
    scores.call.add(truth, told)
    verdict = await asyncio.to_thread(judge, painted, scene)
    scores.pixels.add(truth, verdict.attributes)
    scores.overlaps.append(verdict.overlap)


def peak_mb(pid: int | None) -> float | None:
    """The most memory, in 10**6 bytes, that a process ever held resident; None where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return None if found is None else round(int(found[1]) * 1024 / 1e6, 1)
