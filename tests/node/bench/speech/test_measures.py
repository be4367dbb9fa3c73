"""Speech judged: better is better, delay does not matter, and what is not installed is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from node.bench.speech import measures, no_reference
from node.bench.speech.measures import SpeechScores, align, mean, resampled, scores
from node.bench.speech.streams import read
from node.speech.pcm import SAMPLE_RATE, Pcm, level_dbfs, silence


@pytest.fixture(scope="module")
def speech(recording: Path) -> Pcm:
    return read(recording)


def noisy(pcm: Pcm, level: float) -> Pcm:
    noise = np.random.default_rng(1).normal(0, level, len(pcm))
    return np.clip(pcm + noise, -32_768, 32_767).astype(np.int16)


def test_the_recording_itself_scores_best_and_noise_costs(speech: Pcm) -> None:
    pytest.importorskip("pesq")
    perfect, worse = scores(speech, speech), scores(speech, noisy(speech, 500))
    assert perfect.estoi == pytest.approx(1, abs=1e-3)
    assert perfect.pesq_wb == pytest.approx(measures.BEST_PESQ, abs=0.01)
    assert perfect.quality == pytest.approx(1, abs=0.01)
    assert worse.quality is not None
    assert worse.quality < 0.9
    assert worse.visqol is None


def test_what_is_too_long_for_pesq_is_judged_in_pieces(speech: Pcm) -> None:
    """Its reference implementation ends the process when there are more than fifty utterances."""
    pytest.importorskip("pesq")
    long = np.tile(speech, 1 + 200 * 16_000 // len(speech))
    assert measures.pesq(long, long, SAMPLE_RATE, "wb") == pytest.approx(measures.BEST_PESQ, abs=0.01)


def test_a_delay_costs_nothing(speech: Pcm) -> None:
    pytest.importorskip("pystoi")
    late = np.concatenate([silence(800), noisy(speech, 300)])
    assert np.abs(align(speech, late).astype(int) - noisy(speech, 300)).max() == 0
    early = noisy(speech, 300)[160:]
    assert len(align(speech, early)) == len(speech)


def test_silence_is_no_speech_and_scores_nothing(speech: Pcm) -> None:
    judged = scores(speech, silence(len(speech)))
    assert judged.pesq_wb is None
    assert judged.pesq_nb is None


def test_what_is_not_installed_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch, speech: Pcm) -> None:
    monkeypatch.setattr(measures, "find_spec", lambda name: None)
    assert scores(speech, speech, visqol=True, mos=True) == SpeechScores()
    assert scores(speech, speech).quality is None
    assert list(measures.missing(visqol=False)) == [
        "ESTOI is left out: pip install 'pictophone[sweep]'",
        "PESQ is left out: pip install 'pictophone[sweep]'",
    ]
    assert "ViSQOL is left out: pip install 'pictophone[visqol]'" in list(measures.missing(visqol=True))
    assert "DistillMOS is left out: pip install 'pictophone[mos]'" in list(measures.missing(False, mos=True))


def test_quality_is_of_whichever_score_there_is() -> None:
    assert SpeechScores(estoi=0.8).quality == 0.8
    assert SpeechScores(pesq_wb=4.64).quality == pytest.approx(1)
    assert SpeechScores(estoi=0.5, pesq_wb=4.64).quality == pytest.approx(0.75)


def test_means_leave_out_what_is_not_known() -> None:
    both = mean([SpeechScores(estoi=0.4, pesq_wb=2.0), SpeechScores(estoi=0.6)])
    assert both == SpeechScores(estoi=0.5, pesq_wb=2.0)


def test_resampling_keeps_length_time_and_pitch() -> None:
    tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)).astype(np.int16)
    for rate in (8_000, 48_000):
        there = resampled(tone, 16_000, rate)
        back = resampled(there, rate, 16_000)
        assert len(there) == pytest.approx(rate, abs=rate / 100)
        middle = slice(4_000, 12_000)
        assert level_dbfs((back[middle].astype(int) - tone[middle]).astype(np.int16)) < level_dbfs(tone) - 30
    assert resampled(tone, 16_000, 16_000) is tone


def test_distillmos_is_measured_when_asked_for(monkeypatch: pytest.MonkeyPatch, speech: Pcm) -> None:
    monkeypatch.setattr(no_reference, "distillmos", lambda pcm: 3.5)
    monkeypatch.setattr(measures, "find_spec", lambda name: name == "distillmos" or None)
    assert scores(speech, speech, mos=True) == SpeechScores(mos=3.5)
    assert scores(speech, speech) == SpeechScores()


def test_visqol_is_measured_when_asked_for(speech: Pcm) -> None:
    pytest.importorskip("visqol")
    judged = scores(speech[:48_000], speech[:48_000], visqol=True)
    assert judged.visqol is not None
    assert judged.visqol > 4
