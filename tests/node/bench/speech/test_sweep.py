"""All that a sweep found."""

from __future__ import annotations

import json
from pathlib import Path

from node.bench.speech.sweep import Sweep, SweepOptions, for_programs

from .conftest import WIDE, result

ASKED = SweepOptions([Path("folder/one.wav")])
RESULTS = [result(8, 0.5), result(9, 0.8), result(20, 0.85, WIDE), result(21, 0.2)]


def test_programs_get_all_of_it() -> None:
    told = json.loads(json.dumps(for_programs(Sweep(ASKED, RESULTS, left_out=["left out Lyra"], seconds=12.34))))
    assert told["recordings"] == ["one.wav"]
    assert told["header_bytes"] == 44
    assert len(told["settings"]) == 4
    assert len(told["front"]) == 3
    assert told["knee"] == "Opus 8k NB 2x60 voip"
    assert told["recommended"] == {"label": "Opus 8k NB 2x60 voip", "settings": ['profile = "lean"']}
    assert told["left_out"] == ["left out Lyra"]
    assert told["took_s"] == 12.3


def test_limits_that_nothing_fits_recommend_nothing() -> None:
    sweep = Sweep(SweepOptions([Path("one.wav")], max_kbps=2), RESULTS)
    assert sweep.recommended is None
    assert sweep.lines == []
    assert for_programs(sweep)["recommended"] is None


def test_the_articles_settings_have_no_knee() -> None:
    assert Sweep(SweepOptions([Path("one.wav")], article=True), RESULTS).knee is None
