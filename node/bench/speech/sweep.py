"""All that a sweep found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.bench.speech.advice import settings_lines
from node.bench.speech.article import Claim
from node.bench.speech.front import front, knee, recommend
from node.bench.speech.results import Result, as_dict
from node.speech.rates import PACKET_HEADERS


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What the user wants: limits of the recommendation, and circumstances."""

    recordings: Sequence[Path]
    loss: float = 0.0
    max_kbps: float = 16.0
    max_packet_ms: float = 120.0
    lyra: Path | None = None
    visqol: bool = False
    article: bool = False

    @property
    def limits(self) -> str:
        """For people."""
        return f"{self.max_kbps:g} kbit/s on the wire and packets of {self.max_packet_ms:g} ms"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every setting's result in the order of its rate; `original` is the recording as a page plays it."""

    asked: SweepOptions
    results: Sequence[Result]
    claims: Sequence[Claim] = ()
    left_out: Sequence[str] = ()
    seconds: float = 0.0
    original: bytes = b""

    @property
    def judged(self) -> bool:
        """Whether anything is known of how any of them sounds."""
        return any(result.quality is not None for result in self.results)

    @property
    def front(self) -> list[Result]:
        """What nothing cheaper beats."""
        return front(self.results)

    @property
    def knee(self) -> Result | None:
        """Where the front bends; the article's settings have none, since no other packets are among them."""
        return None if self.asked.article else knee(self.front)

    @property
    def recommended(self) -> Result | None:
        """What a call should take."""
        return recommend(self.results, self.asked.max_kbps, self.asked.max_packet_ms)

    @property
    def lines(self) -> list[str]:
        """What to write into the settings for it."""
        best = self.recommended
        return [] if best is None else settings_lines(best.setting, self.asked.lyra)


def for_programs(sweep: Sweep) -> dict[str, Any]:
    """The sweep as one JSON object."""
    best, knee = sweep.recommended, sweep.knee
    return {
        "recordings": [path.name for path in sweep.asked.recordings],
        "loss_percent": sweep.asked.loss,
        "header_bytes": PACKET_HEADERS,
        "took_s": round(sweep.seconds, 1),
        "settings": [as_dict(result) for result in sweep.results],
        "front": [result.setting.label for result in sweep.front],
        "knee": None if knee is None else knee.setting.label,
        "recommended": None if best is None else {"label": best.setting.label, "settings": sweep.lines},
        "claims": [{"claim": claim.text, "holds": claim.holds, "figures": claim.figures} for claim in sweep.claims],
        "left_out": list(sweep.left_out),
    }
