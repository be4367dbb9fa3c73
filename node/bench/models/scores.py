"""What a bench counts, and its figures: for programs as one nested mapping, for people as a table."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Score:
    """How often each attribute was right, and how often all of them."""

    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    exact: int = 0
    scenes: int = 0

    def add(self, truth: Mapping[str, str], told: Mapping[str, str]) -> None:
        """One scene: what it shows, and what was told of it."""
        self.asked.update(truth.keys())
        self.right.update(name for name, value in truth.items() if told.get(name) == value)
        self.exact += told == truth
        self.scenes += 1

    @property
    def accuracy(self) -> float:
        """The share of all attributes that was right."""
        return _share(self.right.total(), self.asked.total())

    @property
    def exactness(self) -> float:
        """The share of the scenes of which everything was right."""
        return _share(self.exact, self.scenes)

    def by_attribute(self) -> dict[str, float]:
        return {name: _share(self.right[name], asked) for name, asked in self.asked.items()}


@dataclass
class Scores:
    """Everything that is counted over the scenes; times in seconds."""

    captioner: Score = field(default_factory=Score)
    round_trip: Score = field(default_factory=Score)
    pixels: Score = field(default_factory=Score)
    call: Score = field(default_factory=Score)
    overlaps: list[float] = field(default_factory=list)
    caption_seconds: list[float] = field(default_factory=list)
    paint_seconds: list[float] = field(default_factory=list)


def report(scores: Scores) -> dict[str, Any]:
    """The figures by name: shares of 1, milliseconds."""
    captioner, round_trip, call, pixels = scores.captioner, scores.round_trip, scores.call, scores.pixels
    return {
        "captioner": {
            "attribute_accuracy": captioner.accuracy,
            "exact": captioner.exactness,
            "ms_p50": _median_ms(scores.caption_seconds),
            "attributes": captioner.by_attribute(),
        },
        "generator": {
            "round_trip": round_trip.accuracy,
            "exact": round_trip.exactness,
            "ms_p50": _median_ms(scores.paint_seconds),
            "attributes": round_trip.by_attribute(),
            "pixels": {
                "attribute_accuracy": pixels.accuracy,
                "exact": pixels.exactness,
                "overlap": _rounded(statistics.fmean(scores.overlaps)) if scores.overlaps else 0.0,
                "attributes": pixels.by_attribute(),
            },
        },
        "call": {"round_trip": call.accuracy, "exact": call.exactness, "attributes": call.by_attribute()},
    }


def for_people(figures: Mapping[str, Any]) -> list[str]:
    """The report in lines: a table by attribute, then what it costs."""
    captioner, generator, call = figures["captioner"], figures["generator"], figures["call"]
    pixels = generator["pixels"]
    columns = {"caption": captioner, "round trip": generator, "in the pixels": pixels, "whole call": call}
    lines = [
        f"{figures['models']}: {figures['scenes']} scenes never trained on, from seed {figures['first_seed']}",
        _row("", columns),
        *(_row(name, [_percent(part["attributes"][name]) for part in columns.values()]) for name in call["attributes"]),
    ]
    kept = (captioner["attribute_accuracy"], generator["round_trip"], pixels["attribute_accuracy"], call["round_trip"])
    lines.append(_row("all attributes", map(_percent, kept)))
    lines.append(_row("whole scenes", [_percent(part["exact"]) for part in columns.values()]))
    memory = "unknown on this system" if figures["rss_mb"] is None else f"{figures['rss_mb']:.0f} MB at most"
    return [
        *lines,
        f"figures overlap by {_percent(pixels['overlap'])}",
        f"a caption {captioner['ms_p50']:.0f} ms, a picture {generator['ms_p50']:.0f} ms (medians)",
        f"both loaded in {figures['load_s']:.1f} s (warm start), the worker's memory {memory}",
    ]


def _row(name: str, cells: Iterable[str]) -> str:
    return f"{name:15}" + "".join(f"{cell:>15}" for cell in cells)


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _median_ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1) if seconds else 0.0


def _share(part: int, whole: int) -> float:
    return _rounded(part / whole) if whole else 0.0


def _rounded(share: float) -> float:
    return round(share, 4)
