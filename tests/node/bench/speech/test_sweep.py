"""All that a sweep found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from sweep_results import LEAN, WIDE, result

from node.bench.speech.sweep import Sweep, SweepOptions, for_programs

OPTIONS = SweepOptions([Path("folder/one.wav")])
RESULTS = [result(8, 0.5), result(9, 0.8, replace(LEAN, high_band=True)), result(20, 0.85, WIDE), result(21, 0.2)]


def test_programs_get_all_of_it() -> None:
    given = json.loads(json.dumps(for_programs(Sweep(OPTIONS, RESULTS, left_out=["left out Lyra"], seconds=12.34))))
    assert given["recordings"] == ["one.wav"]
    assert given["header_bytes"] == 44
    assert len(given["settings"]) == 4
    assert len(given["front"]) == 3
    assert given["knee"] == "Opus 8k NB + band 2x60 voip"
    assert given["recommended"] == {"label": "Opus 8k NB + band 2x60 voip", "settings": ['profile = "lean"']}
    assert given["left_out"] == ["left out Lyra"]
    assert given["took_s"] == 12.3


def test_limits_that_nothing_fits_recommend_nothing() -> None:
    sweep = Sweep(SweepOptions([Path("one.wav")], max_kbps=2), RESULTS)
    assert sweep.recommended is None
    assert sweep.lines == []
    assert for_programs(sweep)["recommended"] is None


def test_the_articles_settings_have_no_knee() -> None:
    assert Sweep(SweepOptions([Path("one.wav")], article=True), RESULTS).knee is None
