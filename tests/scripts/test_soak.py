"""The soak's verdict, and that it measures a real call."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
import soak
from soak import GROWTH, Sample, draw, growth, sample


def samples(*rss: float, tasks: int = 9) -> list[Sample]:
    return [
        Sample(second=30.0 * index, rss_mb=value, worker_mb=400, descriptors=20, tasks=tasks, threads=5)
        for index, value in enumerate(rss)
    ]


def test_what_stays_has_not_grown() -> None:
    assert growth(samples(*[100.0] * 12), settle_s=60) == dict.fromkeys(GROWTH, 0)


def test_what_came_in_the_first_minutes_is_not_judged() -> None:
    assert growth(samples(10, 50, *[100.0] * 9), settle_s=60)["rss_mb"] == 0


def test_a_leak_shows() -> None:
    assert growth(samples(*[100.0 + index for index in range(12)]), settle_s=0)["rss_mb"] == 8


def test_one_odd_sample_is_no_leak() -> None:
    assert growth(samples(*[100.0] * 11, 300.0), settle_s=0)["rss_mb"] == 0


def test_too_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="six are needed"):
        growth(samples(*[1.0] * 8), settle_s=90)


async def test_a_sample_counts_what_is_there() -> None:
    before = sample(0.0, None)
    waiting = asyncio.create_task(asyncio.Event().wait())
    descriptor = os.open(os.devnull, os.O_RDONLY)
    after = sample(0.0, None)
    os.close(descriptor)
    waiting.cancel()
    assert after.tasks == before.tasks + 1
    assert after.descriptors == before.descriptors + 1
    assert after.rss_mb > 10
    assert after.worker_mb == 0


async def test_it_holds_a_real_call_and_draws_it(tmp_path: Path) -> None:
    seen = await soak.run(minutes=0.1, every_s=1.0, show=False)
    assert len(seen) >= 4
    assert seen[-1].worker_mb > 100
    draw(seen, tmp_path / "soak.svg")
    assert "<svg" in (tmp_path / "soak.svg").read_text()
