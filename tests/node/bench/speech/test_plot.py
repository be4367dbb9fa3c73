"""The plot: SVG in the page's own colours."""

from __future__ import annotations

import pytest
from sweep_results import result

from node.bench.speech import plot
from node.bench.speech.settings import TITLES, SpeechCodec

RESULTS = [result(5, 0.5), result(10, 0.8)]


def test_its_colours_are_the_pages() -> None:
    pytest.importorskip("matplotlib")
    drawn = plot.svg(RESULTS, RESULTS, RESULTS[1])
    assert drawn.startswith("<svg")
    assert "var(--opus)" in drawn
    assert "var(--ours)" in drawn
    assert "#0101" not in drawn
    assert "<image" not in drawn
    assert "kbit/s on the wire" in drawn
    assert "ESTOI" in drawn


def test_it_is_the_same_each_time() -> None:
    pytest.importorskip("matplotlib")
    assert plot.svg(RESULTS, RESULTS, None) == plot.svg(RESULTS, RESULTS, None)


def test_without_matplotlib_there_is_none_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot, "find_spec", lambda name: None)
    assert plot.svg(RESULTS, RESULTS, None) == ""
    assert "pip install" in plot.missing()


def test_every_codec_has_a_mark_and_a_colour() -> None:
    assert set(plot.MARKERS) == set(plot.BY_CODEC) == set(TITLES) == set(SpeechCodec)
    assert set(plot.BY_CODEC.values()) <= set(plot.COLOURS)
