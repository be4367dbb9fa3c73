"""The comparison of the codecs with the baselines, on one caption or on many: `codec compare`."""

from __future__ import annotations

import contextlib
import os
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from node.bench.captions.baselines import BASELINES, Baseline, Size
from node.bench.captions.measure import read_lines
from node.common import output, progress
from node.terminal.summary import as_json, percentile
from node.vision.scenes import grammar, sampling
from protocol.captions.registry import CaptionCodecs
from protocol.errors import NodeError

if TYPE_CHECKING:
    from rich.table import Table

# How many captions of drawn scenes the baselines learn from by default, and the seed of those scenes.
SCENES = 4000
SEED = 0

ADVICE = "pip install 'pictophone[baselines]'"


class Row(TypedDict):
    """The figures of a codec or baseline: None where its package is missing or it failed on every line.

    `lines` is how many it was measured on.
    """

    name: str
    lines: int
    bits_mean: float | None
    bits_median: float | None
    bits_p95: float | None
    bytes_mean: float | None


class Comparison(TypedDict):
    """Every row, the text that the learning baselines learned from, and which baselines are not installed."""

    lines: int
    trained_on: str
    rows: list[Row]
    missing: list[str]


def run(codecs: CaptionCodecs, given: str, train: Path | None, json: bool) -> None:
    """Measure and print. Raises NodeError for a file that cannot be read."""
    lines, training = texts(given), training_text(train)
    with progress.bars() as bars:
        bar = bars.add_task("measuring", total=sum(len(spread(lines, each.most)) for each in BASELINES))
        comparison = compare(codecs, lines, training, lambda: bars.advance(bar))
    if json:
        output.say(as_json(comparison))
    else:
        _show(comparison)
    if comparison["missing"]:
        output.remark(f"not installed: {', '.join(comparison['missing'])}; {ADVICE}")


def texts(given: str) -> list[str]:
    """Return the lines of the file of this name, or else the text itself.

    Raises NodeError if it looks like the path of a file that is not there.
    """
    if _is_file(given):
        return read_lines(Path(given))
    if " " not in given and (os.sep in given or Path(given).suffix == ".txt"):
        raise NodeError(f"no file {given!r}: check the path, or give a text")
    return [given]


def _is_file(given: str) -> bool:
    try:
        return Path(given).exists() and not Path(given).is_dir()
    except OSError:  # longer than any path
        return False


@dataclass(frozen=True, slots=True)
class Training:
    """The text that baselines learn from: its lines, and in words where they are from."""

    lines: list[str]
    about: str


def training_text(path: Path | None) -> Training:
    """Return the lines of a file, by default captions of drawn scenes. Raises NodeError for an unreadable file."""
    if path is not None:
        lines = read_lines(path)
        return Training(lines, f"the {len(lines):,} lines of {path.name}")
    return Training(scene_captions(SCENES, SEED), f"{SCENES:,} captions of the project's own drawn scenes")


def scene_captions(count: int, seed: int) -> list[str]:
    """Return captions of scenes that the project draws, each in one of its wordings; the same for the same seed."""
    rng = random.Random(seed)
    return [grammar.phrasings(sampling.sample(rng.getrandbits(32)), rng) for _ in range(count)]


def compare(
    codecs: CaptionCodecs, lines: Sequence[str], training: Training, tick: Callable[[], None] = lambda: None
) -> Comparison:
    """Measure every codec and baseline on the lines, each line alone; call `tick` at each line of a baseline."""
    rows, missing = [_codec_row(codecs, codec, lines) for codec in codecs.ids], []
    for baseline in BASELINES:
        size = baseline.ready(training.lines)
        if size is None:
            missing.append(baseline.name)
        rows.append(_baseline_row(baseline, size, lines, tick))
    return {"lines": len(lines), "trained_on": training.about, "rows": rows, "missing": missing}


def _codec_row(codecs: CaptionCodecs, codec: int, lines: Sequence[str]) -> Row:
    coded = [codecs.encode(line, codec) for line in lines]
    name = f"codec {codec}: {codecs.name(codec)}"
    return _row(name, [one.bits for one in coded], [len(one.data) for one in coded])


def _baseline_row(baseline: Baseline, size: Size | None, lines: Sequence[str], tick: Callable[[], None]) -> Row:
    sizes = [] if size is None else list(_sizes(size, spread(lines, baseline.most), tick))
    return _row(baseline.name, [8 * each for each in sizes], sizes)


def _sizes(size: Size, lines: Sequence[str], tick: Callable[[], None]) -> Iterator[int]:
    for line in lines:
        with contextlib.suppress(ValueError):  # smaz cannot code a NUL: such lines are left out, and the row says so
            yield size(line)
        tick()


def spread(lines: Sequence[str], most: int | None) -> Sequence[str]:
    """Return at most so many of the lines, spread evenly."""
    if most is None or len(lines) <= most:
        return lines
    return [lines[number * len(lines) // most] for number in range(most)]


def _row(name: str, bits: Sequence[int], sizes: Sequence[int]) -> Row:
    return {
        "name": name,
        "lines": len(bits),
        "bits_mean": round(statistics.fmean(bits), 3) if bits else None,
        "bits_median": float(statistics.median(bits)) if bits else None,
        "bits_p95": round(percentile(bits, 95) or 0.0, 3) if bits else None,
        "bytes_mean": round(statistics.fmean(sizes), 3) if bits else None,
    }


def _show(comparison: Comparison) -> None:
    output.console().print(_table(comparison))
    output.say(f"zstd and PPMd learned from {comparison['trained_on']}")


def _table(comparison: Comparison) -> Table:
    from rich.table import Table

    many = comparison["lines"] > 1
    table = Table()
    table.add_column("")
    for heading in ("bits, mean", "median", "95 %", "bytes, mean") if many else ("bits", "bytes"):
        table.add_column(heading, justify="right")
    for row in comparison["rows"]:
        figures = [row["bits_mean"], row["bits_median"], row["bits_p95"]] if many else [row["bits_mean"]]
        name = row["name"] if row["lines"] in (0, comparison["lines"]) else f"{row['name']} ({row['lines']} lines)"
        table.add_row(name, *("-" if figure is None else f"{figure:.1f}" for figure in (*figures, row["bytes_mean"])))
    return table
