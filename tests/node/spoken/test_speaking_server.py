"""The sound of spoken lines: its rate and level; and the real voices, where they are installed."""

from __future__ import annotations

import shutil
from importlib import util

import numpy as np
import pytest

from node.speech.pcm import FULL_SCALE, SAMPLE_RATE
from node.spoken.installed import ESPEAK, HIBARI
from node.spoken.speaking_server import PEAK, at_even_level, load, resampled

HAS_HIBARI = util.find_spec("hibari") is not None and util.find_spec("onnxruntime") is not None


def test_sound_of_another_rate_becomes_16_khz() -> None:
    at = np.arange(24_000) / 24_000
    pcm = resampled((0.25 * np.sin(2 * np.pi * 440 * at)).astype(np.float32), 24_000)
    assert abs(len(pcm) - SAMPLE_RATE) < 100
    spectrum = np.abs(np.fft.rfft(pcm[:SAMPLE_RATE]))
    assert abs(int(spectrum.argmax()) * SAMPLE_RATE / len(pcm) - 440) < 2
    assert len(resampled(np.zeros(0, np.float32), 24_000)) == 0


def test_every_voice_is_as_loud() -> None:
    for level in (100, 30_000):
        pcm = at_even_level(np.array([0, level, -level], np.int16))
        assert abs(int(pcm.max()) - PEAK * FULL_SCALE) <= 1
    assert not at_even_level(np.zeros(3, np.int16)).any()
    assert len(at_even_level(np.zeros(0, np.int16))) == 0


@pytest.mark.parametrize("name", [
    pytest.param(HIBARI, marks=pytest.mark.skipif(not HAS_HIBARI, reason="the extra 'speak' is not installed")),
    pytest.param(ESPEAK, marks=pytest.mark.skipif(shutil.which(ESPEAK) is None, reason="there is no espeak-ng")),
])  # fmt: skip
def test_real_voices_speak_any_text(name: str) -> None:
    say = load(name)
    for text in ("--help", "🜁 \x1b[2J ü"):
        assert isinstance(say(text), bytes)
    pcm = np.frombuffer(say("See you at ten tomorrow."), np.int16)
    assert 1 < len(pcm) / SAMPLE_RATE < 4
    assert int(np.abs(pcm).max()) > 10_000
