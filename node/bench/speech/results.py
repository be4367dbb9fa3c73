"""The results of a sweep: means over all recordings, the settings worth having, the one to take, and how to set it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from node.bench.speech import measures
from node.bench.speech.codecs import opus_profile
from node.bench.speech.measures import SpeechScores
from node.bench.speech.runner import TaskOutcome
from node.bench.speech.settings import Setting, SpeechCodec
from node.speech.profiles import PROFILES

DIGITS = 3

# What the node itself can talk with.
CALLABLE = (SpeechCodec.OPUS, SpeechCodec.LYRA)


@dataclass(frozen=True, slots=True)
class SettingResult:
    """A setting's means over the recordings; `sound` is what is heard of the first of them."""

    setting: Setting
    payload_kbps: float
    wire_kbps: float
    scores: SpeechScores
    sound: bytes = b""

    @property
    def quality(self) -> float | None:
        """See SpeechScores.quality."""
        return self.scores.quality


def combine(setting: Setting, measured: Sequence[TaskOutcome]) -> SettingResult:
    """Return the means of a setting over the recordings, none of which may have failed."""
    count = len(measured)
    return SettingResult(
        setting,
        sum(each.payload_kbps for each in measured) / count,
        sum(each.wire_kbps for each in measured) / count,
        measures.mean([each.scores for each in measured]),
        measured[0].sound,
    )


def as_dict(result: SettingResult) -> dict[str, Any]:
    """Return a result for programs; what was not measured is null."""
    options = {name: value for name, value in asdict(result.setting).items() if value not in (None, "")}
    figures = {
        "payload_kbps": result.payload_kbps,
        "wire_kbps": result.wire_kbps,
        **asdict(result.scores),
        "quality": result.quality,
    }
    rounded = {name: None if value is None else round(value, DIGITS) for name, value in figures.items()}
    return {"label": result.setting.label, **options, "packet_ms": result.setting.packet_ms, **rounded}


def pareto_front(results: Sequence[SettingResult]) -> list[SettingResult]:
    """Return the Pareto front of wire rate and quality: each result costs more and is better than the one before it."""
    best: list[SettingResult] = []
    for result in sorted(results, key=lambda each: (each.wire_kbps, -(each.quality or 0.0))):
        if result.quality is not None and (not best or result.quality > _quality(best[-1])):
            best.append(result)
    return best


def knee(front: Sequence[SettingResult]) -> SettingResult | None:
    """Return where more bits begin to buy little: what lies farthest above the line between the front's ends (Kneedle).

    The last where nothing lies above it: there more bits are worth having to the end. None of an empty front.
    """
    if len(front) < 3:
        return front[-1] if front else None
    first, last = front[0], front[-1]
    cost, gain = last.wire_kbps - first.wire_kbps, _quality(last) - _quality(first)

    def height(result: SettingResult) -> float:
        return (_quality(result) - _quality(first)) / gain - (result.wire_kbps - first.wire_kbps) / cost

    highest = max(front, key=height)
    return highest if height(highest) > 0 else last


def recommend(results: Sequence[SettingResult], max_kbps: float, max_packet_ms: float) -> SettingResult | None:
    """Return the knee among what a call can use with packets so short; if that exceeds the rate, the best that fits.

    None when nothing fits.
    """
    usable = pareto_front(
        [each for each in results if _is_for_all(each.setting) and each.setting.packet_ms <= max_packet_ms]
    )
    bend = knee(usable)
    if bend is None or bend.wire_kbps <= max_kbps:
        return bend
    fitting = [result for result in usable if result.wire_kbps <= max_kbps]
    return fitting[-1] if fitting else None


def _is_for_all(setting: Setting) -> bool:
    """Return whether a call can use a setting whatever its listeners decode by."""
    return setting.codec in CALLABLE and not setting.enhanced


def _quality(result: SettingResult) -> float:
    assert result.quality is not None
    return result.quality


def settings_lines(setting: Setting, lyra: Path | None) -> list[str]:
    """Return the lines for `pictophone.toml`, for a setting that a call can use."""
    if setting.codec is SpeechCodec.LYRA:
        return [f"lyra = {json.dumps(str(lyra))}", f"lyra_bitrate = {setting.bitrate}"]
    wanted = opus_profile(setting)
    for name, profile in PROFILES.items():
        if dataclasses.replace(profile, name=wanted.name) == wanted:
            return [f'profile = "{name}"']
    return [
        'profile = "custom"',
        f"bitrate = {setting.bitrate}",
        f'bandwidth = "{setting.bandwidth}"',
        f'application = "{setting.application}"',
        f"frame = {setting.frame_ms}",
        f"bundle = {setting.bundle}",
        *([f"high_band = {json.dumps(setting.high_band)}"] if setting.bandwidth == "nb" else []),
    ]
