"""How late a loop is, in a histogram that does not grow."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

from node.common.loop_lag import NOTABLE_MS, LagWatch, LoopLag


def test_nothing_was_measured_yet() -> None:
    assert (LoopLag().percentile_ms(99), LoopLag().max_ms) == (None, 0.0)


@pytest.mark.parametrize("percent", [50, 99, 99.9, 100])
def test_a_percentile_is_right_to_a_tenth(percent: float) -> None:
    lag = LoopLag()
    for tenths in range(1, 10_001):
        lag.add(tenths / 10)
    assert lag.percentile_ms(percent) == pytest.approx(10 * percent, rel=0.11)
    assert (lag.samples, lag.max_ms, lag.percentile_ms(100)) == (10_000, 1000.0, 1000.0)


def test_what_is_beyond_the_notable_is_counted() -> None:
    lag = LoopLag()
    for ms in (0.0, NOTABLE_MS, NOTABLE_MS + 0.1, 1e9):
        lag.add(ms)
    assert (lag.notable, lag.max_ms) == (2, 1e9)
    assert lag.percentile_ms(100) == 1e9


def test_a_wait_for_the_processor_is_told_from_work() -> None:
    lag = LoopLag()
    for lag_ms, worked_ms in ((80.0, 10.0), (80.0, 70.0), (20.0, 0.0)):
        lag.add(lag_ms, worked_ms)
    assert (lag.notable, lag.waits) == (2, 1)


async def test_what_the_loop_works_on_is_no_wait() -> None:
    lag = LoopLag()
    watching = asyncio.create_task(LagWatch(lag, every_s=0.0).run())
    while not lag.samples:  # noqa: ASYNC110 - it is the turns of the loop that count
        await asyncio.sleep(0)
    began = time.thread_time()
    while time.thread_time() - began < 0.2:  # at work in the loop
        pass
    before = lag.samples
    while lag.samples == before:  # noqa: ASYNC110
        await asyncio.sleep(0)
    watching.cancel()
    assert lag.notable - lag.waits >= 1


def test_a_long_call_takes_no_more_room() -> None:
    lag = LoopLag()
    before = sys.getsizeof(lag._counts)
    for number in range(100_000):
        lag.add(number % 300)
    assert sys.getsizeof(lag._counts) == before


async def test_what_holds_the_loop_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's clock says that 80 ms went by between the moment a timer was due and its coming."""
    lag, loop = LoopLag(), asyncio.get_running_loop()
    watch, seen = LagWatch(lag, every_s=0.0), asyncio.Event()
    now, real = [loop.time()], loop.time

    async def held(seconds: float) -> None:
        assert watch.due == pytest.approx(now[0] + seconds)
        now[0] += 0.08 if not lag.samples else 0.0
        if lag.samples == 2:
            seen.set()
            monkeypatch.setattr(loop, "time", real)
            await asyncio.Event().wait()

    monkeypatch.setattr(loop, "time", lambda: now[0])
    monkeypatch.setattr("node.common.loop_lag.asyncio.sleep", held)
    watching = asyncio.create_task(watch.run())
    await seen.wait()
    watching.cancel()
    assert (lag.samples, lag.notable) == (2, 1)
    assert lag.max_ms == pytest.approx(80.0, rel=1e-6)
