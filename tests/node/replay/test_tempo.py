"""Speech at another speed."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import tone

from node.replay.tempo import Tempo
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm


def played(pcm: Pcm, speed: float) -> Pcm:
    tempo, pieces = Tempo(speed), []
    for at in range(0, len(pcm), BLOCK_SAMPLES):
        tempo.put(pcm[at : at + BLOCK_SAMPLES])
        pieces.append(tempo.take(len(tempo)))
    return np.concatenate(pieces)


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.25, 2, 3, 8])
def test_it_takes_as_long_as_it_should_and_keeps_its_pitch(speed: float) -> None:
    sound = played(tone(10, 300), speed)
    assert len(sound) == pytest.approx(10 * SAMPLE_RATE / speed, abs=0.1 * SAMPLE_RATE * max(1, 1 / speed))
    strongest = np.argmax(np.abs(np.fft.rfft(sound.astype(float)))) * SAMPLE_RATE / len(sound)
    assert strongest == pytest.approx(300, abs=2)


def test_at_its_own_speed_no_sample_changes() -> None:
    assert np.array_equal(played(tone(1), 1), tone(1))


@pytest.mark.parametrize("speed", [0, -1, 0.2, 9, float("nan"), float("inf")])
def test_what_is_no_speed(speed: float) -> None:
    with pytest.raises(ValueError, match="a speed of"):
        Tempo(speed)
