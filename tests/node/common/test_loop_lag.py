"""How late a loop is, in a histogram that does not grow."""

from __future__ import annotations

import asyncio
import tracemalloc

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


def test_a_wait_for_the_processor_is_distinguished_from_work() -> None:
    lag = LoopLag()
    for lag_ms, worked_ms in ((80.0, 10.0), (80.0, 70.0), (20.0, 0.0)):
        lag.add(lag_ms, worked_ms)
    assert (lag.notable, lag.waits) == (2, 1)


def test_a_long_call_takes_no_more_room() -> None:
    lag = LoopLag()
    for number in range(300):
        lag.add(number)
    tracemalloc.start()
    try:
        for number in range(100_000):
            lag.add(number % 300)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 20_000  # a list of these would have 800,000 bytes


@pytest.mark.parametrize(("worked", "waits"), [(0.08, 0), (0.01, 1)])
async def test_what_holds_the_loop_is_seen(worked: float, waits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's clock says that 80 ms went by between the moment a timer was due and its coming; the thread's clock,
    for how much of it the loop was at work."""
    lag, loop = LoopLag(), asyncio.get_running_loop()
    watch, seen = LagWatch(lag, every_s=0.0), asyncio.Event()
    now, at_work, real = [loop.time()], [0.0], loop.time

    async def held(seconds: float) -> None:
        assert watch.due == pytest.approx(now[0] + seconds)
        if not lag.samples:
            now[0] += 0.08
            at_work[0] += worked
        if lag.samples == 2:
            seen.set()
            monkeypatch.setattr(loop, "time", real)
            await asyncio.Event().wait()

    monkeypatch.setattr(loop, "time", lambda: now[0])
    monkeypatch.setattr("node.common.loop_lag.time.thread_time", lambda: at_work[0])
    monkeypatch.setattr("node.common.loop_lag.asyncio.sleep", held)
    watching = asyncio.create_task(watch.run())
    await seen.wait()
    watching.cancel()
    assert (lag.samples, lag.notable, lag.waits) == (2, 1, waits)
    assert lag.max_ms == pytest.approx(80.0, rel=1e-6)
