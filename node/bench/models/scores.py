"""The scores of an evaluation: counters, a report for programs as one nested mapping, and for people as a table."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class AttributeScore:
    """A count of how often each attribute was right, and how often all of them."""

    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    exact: int = 0
    scenes: int = 0

    def add(self, truth: Mapping[str, str], found: Mapping[str, str]) -> None:
        """Count a scene: its attributes, and those that were found."""
        self.asked.update(truth.keys())
        self.right.update(name for name, value in truth.items() if found.get(name) == value)
        self.exact += found == truth
        self.scenes += 1

    @property
    def accuracy(self) -> float:
        """The share of all attributes that was right."""
        return _share(self.right.total(), self.asked.total())

    @property
    def exactness(self) -> float:
        """The share of the scenes of which every attribute was right."""
        return _share(self.exact, self.scenes)

    def by_attribute(self) -> dict[str, float]:
        """Return the share of the scenes in which each attribute was right."""
        return {name: _share(self.right[name], asked) for name, asked in self.asked.items()}


@dataclass
class EvaluationScores:
    """All scores over the scenes, and times in seconds."""

    captioner: AttributeScore = field(default_factory=AttributeScore)
    round_trip: AttributeScore = field(default_factory=AttributeScore)
    pixels: AttributeScore = field(default_factory=AttributeScore)
    call: AttributeScore = field(default_factory=AttributeScore)
    overlaps: list[float] = field(default_factory=list)
    caption_seconds: list[float] = field(default_factory=list)
    paint_seconds: list[float] = field(default_factory=list)


def report(scores: EvaluationScores) -> dict[str, Any]:
    """Return the figures by name: shares of 1, milliseconds."""
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
    """Return the report in lines: a table by attribute, then time and memory."""
    captioner, generator, call = figures["captioner"], figures["generator"], figures["call"]
    pixels = generator["pixels"]
    columns = {"caption": captioner, "round trip": generator, "in the pixels": pixels, "whole call": call}
    lines = [
        f"{figures['models']}: {figures['scenes']} scenes never trained on, from seed {figures['first_seed']}",
        _row("", columns),
        *(_row(name, [_percent(part["attributes"][name]) for part in columns.values()]) for name in call["attributes"]),
    ]
    shares = (
        captioner["attribute_accuracy"],
        generator["round_trip"],
        pixels["attribute_accuracy"],
        call["round_trip"],
    )
    lines.append(_row("all attributes", map(_percent, shares)))
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


def _share(part: int, total: int) -> float:
    return _rounded(part / total) if total else 0.0


def _rounded(share: float) -> float:
    return round(share, 4)
