"""A sweep: what the user wants of it, and all that it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.bench.speech.article import Claim
from node.bench.speech.results import SettingResult, as_dict, knee, pareto_front, recommend, settings_lines
from node.speech.opus_libraries import AUTO
from node.speech.rates import PACKET_HEADERS


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What the user wants: recordings, packet loss in percent, limits of the recommendation, and further measures."""

    recordings: Sequence[Path]
    loss: float = 0.0
    max_kbps: float = 16.0
    max_packet_ms: float = 120.0
    lyra: Path | None = None
    visqol: bool = False
    mos: bool = False
    article: bool = False
    libopus: str = AUTO

    @property
    def limits(self) -> str:
        """The limits of the recommendation, in words."""
        return f"{self.max_kbps:g} kbit/s on the wire and packets of {self.max_packet_ms:g} ms"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every setting's result in the order of its rate; `original` is the recording as a page plays it."""

    options: SweepOptions
    results: Sequence[SettingResult]
    claims: Sequence[Claim] = ()
    left_out: Sequence[str] = ()
    seconds: float = 0.0
    original: bytes = b""

    @property
    def judged(self) -> bool:
        """Whether the sound of any of them was measured."""
        return any(result.quality is not None for result in self.results)

    @property
    def front(self) -> list[SettingResult]:
        """The settings that nothing cheaper beats."""
        return pareto_front(self.results)

    @property
    def knee(self) -> SettingResult | None:
        """Where the front bends; the article's settings have none, since no other packets are among them."""
        return None if self.options.article else knee(self.front)

    @property
    def recommended(self) -> SettingResult | None:
        """The setting that a call should take."""
        return recommend(self.results, self.options.max_kbps, self.options.max_packet_ms)

    @property
    def lines(self) -> list[str]:
        """The lines of `pictophone.toml` for it."""
        best = self.recommended
        return [] if best is None else settings_lines(best.setting, self.options.lyra)


def for_programs(sweep: Sweep) -> dict[str, Any]:
    """Return the sweep as one JSON object."""
    best, knee = sweep.recommended, sweep.knee
    return {
        "recordings": [path.name for path in sweep.options.recordings],
        "loss_percent": sweep.options.loss,
        "header_bytes": PACKET_HEADERS,
        "took_s": round(sweep.seconds, 1),
        "settings": [as_dict(result) for result in sweep.results],
        "front": [result.setting.label for result in sweep.front],
        "knee": None if knee is None else knee.setting.label,
        "recommended": None if best is None else {"label": best.setting.label, "settings": sweep.lines},
        "claims": [{"claim": claim.text, "holds": claim.holds, "figures": claim.figures} for claim in sweep.claims],
        "left_out": list(sweep.left_out),
    }
