"""A sweep in a terminal."""

from __future__ import annotations

import dataclasses

import pytest
from sweep_results import result

from node.bench.speech import tables
from node.bench.speech.article import Claim
from node.bench.speech.measures import SpeechScores

RESULTS = [result(8, 0.7), result(11, 0.9)]


def test_the_table_holds_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    tables.show("the front:", RESULTS, RESULTS[1])
    out = capsys.readouterr().out
    assert "the front:" in out
    assert "0.700" in out
    assert "11.0" in out
    assert out.count("(knee)") == 1
    assert "ViSQOL" not in out
    assert all(len(line) <= tables.WIDTH for line in out.splitlines())


def test_visqol_has_a_column_when_measured(capsys: pytest.CaptureFixture[str]) -> None:
    tables.show("", [dataclasses.replace(RESULTS[0], scores=SpeechScores(visqol=3.21))], None)
    out = capsys.readouterr().out
    assert "ViSQOL" in out
    assert "3.21" in out
    assert "DistillMOS" not in out
    tables.show("", [dataclasses.replace(RESULTS[0], scores=SpeechScores(mos=3.45))], None)
    assert "DistillMOS" in capsys.readouterr().out


def test_advice_is_a_setting_or_what_to_change() -> None:
    lines = tables.advice(RESULTS[1], ['profile = "lean"'], "16 kbit/s")
    assert "Opus 8k NB 2x60 voip" in lines[0]
    assert lines[-1] == '  profile = "lean"'
    assert "allow more" in tables.advice(None, [], "1 kbit/s")[0]


def test_verdicts_say_whether() -> None:
    claims = [Claim(text="It is so", holds=True, figures="1"), Claim(text="It is not", holds=False, figures="2")]
    assert tables.verdicts(claims) == ["holds: It is so. 1.", "does not hold: It is not. 2."]


def test_the_footnote_says_what_is_counted() -> None:
    assert "44 bytes" in tables.footnote(0)
    assert "10 % of the packets lost" in tables.footnote(10)
