"""The runs as a picture: delay and processor over the number of listeners. Needs matplotlib (the extra `sweep`)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image

from audiencebench.runs import Run

WIDTH_INCHES, HEIGHT_INCHES, DPI = 9.0, 3.6, 80
# A file of some 20 kB.
COLOURS = 32

# Of 2,000 listeners at one mosquitto.
GOAL_MS = 150.0


def draw(runs: Sequence[Run], path: Path) -> None:
    """Raises ImportError without matplotlib, OSError if the file cannot be written."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (delays, processors) = plt.subplots(1, 2, figsize=(WIDTH_INCHES, HEIGHT_INCHES))
    for broker, some in groupby(runs, key=lambda run: run.broker):
        of_it = sorted(some, key=lambda run: run.listeners)
        numbers = [run.listeners for run in of_it]
        [line] = delays.plot(numbers, [run.p99_ms for run in of_it], marker="o", label=broker)
        delays.plot(numbers, [run.p50_ms for run in of_it], color=line.get_color(), linestyle=":")
        if all(run.broker_cpu is not None for run in of_it):
            shares = [100 * (run.broker_cpu or 0.0) for run in of_it]
            processors.plot(numbers, shares, marker="o", color=line.get_color(), label=broker)
    delays.axhline(GOAL_MS, color="grey", linewidth=0.8)
    delays.set(xlabel="listeners", ylabel="ms to a listener: p99, and dotted p50", ylim=(0, None), xlim=(0, None))
    processors.set(xlabel="listeners", ylabel="% of a core, all nodes together", ylim=(0, None), xlim=(0, None))
    for axes in (delays, processors):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DPI)
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    plt.close(figure)
