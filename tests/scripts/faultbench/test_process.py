"""What a measured node has heard."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from faultbench.process import Ended, Process, command


def process(*heard: float) -> Process:
    made = Process("a", cast(Any, SimpleNamespace(returncode=None)))
    made.heard.extend(heard)
    return made


@pytest.mark.parametrize(
    ("heard", "begin", "gap"),
    [
        ((1.0, 1.125, 3.125, 3.25), 1.1, 2.0),
        ((1.0, 1.125, 3.125, 3.25), 3.2, 0.125),
        ((1.0, 1.125), 1.2, float("inf")),
        ((), 0.0, float("inf")),
    ],
)
def test_the_longest_gap_is_of_those_that_ended_after_the_fault(
    heard: tuple[float, ...], begin: float, gap: float
) -> None:
    assert process(*heard).longest_gap(begin) == gap


async def test_a_node_that_ends_is_not_waited_for() -> None:
    ended = process()
    cast(Any, ended.process).returncode = 1
    with pytest.raises(Ended, match="node a ended with exit code 1"):
        await ended.until(lambda: False)


async def test_what_a_node_prints_is_taken() -> None:
    words = 'print(\'{"ready": 1}\\n{"heard": 2.5}\\n{"note": "x"}\')'
    started = await asyncio.create_subprocess_exec(sys.executable, "-c", words, stdout=asyncio.subprocess.PIPE)
    told = Process("a", started)
    await told.read()
    await told.kill()
    assert (told.ready_at, told.heard, told.notes) == (1, [2.5], ["x"])


async def test_a_command_that_says_nothing_did_not_begin() -> None:
    with pytest.raises(Ended):
        async with command(sys.executable, "-c", "pass"):
            pass
