"""What was measured of each setting, over all recordings, and the form that programs get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from node.bench.speech import measures
from node.bench.speech.measures import Scores
from node.bench.speech.runner import Measured
from node.bench.speech.settings import Setting

DIGITS = 3


@dataclass(frozen=True, slots=True)
class Result:
    """A setting's means over the recordings; `sound` is what is heard of the first of them."""

    setting: Setting
    payload_kbps: float
    wire_kbps: float
    scores: Scores
    sound: bytes = b""

    @property
    def quality(self) -> float | None:
        """See `node.bench.speech.measures.Scores.quality`."""
        return self.scores.quality


def combine(setting: Setting, measured: Sequence[Measured]) -> Result:
    """Join what one setting came to on each of the recordings. None of them may have failed."""
    count = len(measured)
    return Result(
        setting,
        sum(each.payload_kbps for each in measured) / count,
        sum(each.wire_kbps for each in measured) / count,
        measures.mean([each.scores for each in measured]),
        measured[0].sound,
    )


def as_dict(result: Result) -> dict[str, Any]:
    """For programs; what was not measured is null."""
    asked = {name: value for name, value in asdict(result.setting).items() if value not in (None, "")}
    figures = {
        "payload_kbps": result.payload_kbps,
        "wire_kbps": result.wire_kbps,
        **asdict(result.scores),
        "quality": result.quality,
    }
    rounded = {name: None if value is None else round(value, DIGITS) for name, value in figures.items()}
    return {"label": result.setting.label, **asked, "packet_ms": result.setting.packet_ms, **rounded}
