#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Whether a long call stays as large as it was: the demo's call, measured every 30 s.

Samples memory (of the node's process and of the picture worker's), open descriptors, asyncio tasks and threads, prints
a row for each, and draws them. What grew after the first minutes beyond its bound makes the exit code 1. Both nodes of
the demo, their broker and their page live in the one process that is measured.

    scripts/soak --minutes 20 [--every 30] [--settle 3] [--plot out/soak.svg] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import psutil

from node.call import build
from node.commands import demo
from node.common import config
from node.common.tasks import first_error
from node.terminal.status import BufferedNotes
from node.vision.worker import Worker
from protocol.errors import NodeError

MIB = 1 << 20

# How much more of each may be there at the end than after the first minutes. What is counted in ones comes and goes by
# one or two (a picture being saved, a message on its way); torch's allocator keeps blocks of the largest picture.
GROWTH = {"rss_mb": 1.0, "worker_mb": 4.0, "descriptors": 2.0, "tasks": 2.0, "threads": 2.0}


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the processes. Memory is what lies in RAM (RSS), in MiB."""

    second: float
    rss_mb: float
    worker_mb: float
    descriptors: int
    tasks: int
    threads: int


def sample(began: float, worker_pid: int | None) -> Sample:
    """What this process and the picture worker's take now; 0 for a worker that is not there."""
    own = psutil.Process()
    try:
        worker = psutil.Process(worker_pid).memory_info().rss if worker_pid is not None else 0
    except psutil.NoSuchProcess:
        worker = 0
    return Sample(
        second=round(time.monotonic() - began, 1),
        rss_mb=round(own.memory_info().rss / MIB, 2),
        worker_mb=round(worker / MIB, 2),
        descriptors=own.num_fds(),
        tasks=len(asyncio.all_tasks()),
        threads=own.num_threads(),
    )


def growth(samples: Sequence[Sample], settle_s: float) -> dict[str, float]:
    """By how much each grew from the first third to the last third of what came after ``settle_s``, in medians.

    Raises ValueError if fewer than six samples came after it: then nothing can be said.
    """
    settled = [each for each in samples if each.second >= settle_s]
    third = len(settled) // 3
    if third < 2:
        raise ValueError(f"only {len(settled)} samples after the first {settle_s:g} s: six are needed")
    return {name: round(_median(settled[-third:], name) - _median(settled[:third], name), 2) for name in GROWTH}


def _median(samples: Sequence[Sample], name: str) -> float:
    values = sorted(float(getattr(each, name)) for each in samples)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


async def run(minutes: float, every_s: float, show: bool) -> list[Sample]:
    """Holds the demo's call and returns the samples. Raises NodeError when the call fails."""
    settings = config.load(speaker="none")
    samples: list[Sample] = []
    with first_error():
        async with build.worker(settings, build.CALL) as models, asyncio.TaskGroup() as group:
            await models.ready()
            watching = group.create_task(_watch(models, every_s, samples, show), name="soak")
            await demo.hold_call(settings, models, BufferedNotes(), True, minutes * 60, quiet=True)
            watching.cancel()
    return samples


async def _watch(models: Worker, every_s: float, samples: list[Sample], show: bool) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(every_s)
        samples.append(sample(began, models.pid))
        if show:
            print("".join(f"{getattr(samples[-1], field.name):>12}" for field in fields(Sample)), flush=True)


def draw(samples: Sequence[Sample], path: Path) -> None:
    """A plot of all samples: one panel each."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(len(GROWTH), 1, sharex=True, figsize=(8, 2 * len(GROWTH)))
    minutes = [each.second / 60 for each in samples]
    for panel, name in zip(panels, GROWTH, strict=True):
        panel.plot(minutes, [getattr(each, name) for each in samples], marker=".")
        panel.set_ylabel(name)
        panel.grid(alpha=0.3)
    panels[-1].set_xlabel("minutes")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--every", type=float, default=30.0, help="seconds between samples")
    parser.add_argument("--settle", type=float, default=3.0, help="minutes that are not judged")
    parser.add_argument("--plot", type=Path, help="draw the samples into this file (needs the extra 'sweep')")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not arguments.json:
        print("".join(f"{field.name:>12}" for field in fields(Sample)), flush=True)
    try:
        samples = asyncio.run(run(arguments.minutes, arguments.every, show=not arguments.json))
        grew = growth(samples, arguments.settle * 60)
    except (NodeError, ValueError) as error:
        sys.exit(f"soak: {error}")
    if arguments.plot is not None:
        draw(samples, arguments.plot)
    if arguments.json:
        print(json.dumps({"samples": [asdict(each) for each in samples], "growth": grew}))
    else:
        print("growth after the first minutes: " + ", ".join(f"{name} {value:+g}" for name, value in grew.items()))
    sys.exit(any(value > GROWTH[name] for name, value in grew.items()))


if __name__ == "__main__":
    main()
