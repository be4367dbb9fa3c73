"""Comfort noise has the level and the colour of the background, and of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from node.speech.comfort_noise import ComfortNoise
from node.speech.pcm import Pcm, level_dbfs


def noise(seconds: float, dbfs: float, soft: int = 6, seed: int = 3) -> Pcm:
    white = np.random.default_rng(seed).standard_normal(round(seconds * 16_000))
    low = np.convolve(white, np.ones(soft) / soft, "same")
    return np.rint(low / np.sqrt(np.mean(low**2)) * 32_768 * 10 ** (dbfs / 20)).astype(np.int16)


def taught(*sounds: Pcm) -> ComfortNoise:
    comfort = ComfortNoise(np.random.default_rng(1))
    for sound in sounds:
        comfort.learn(sound)
    return comfort


def test_without_a_background_it_is_silence(tone: Pcm) -> None:
    assert not taught().make(1000).any()
    assert not taught(tone).make(1000).any()
    assert not taught(noise(2, -30)).make(1000).any()
    assert not taught(np.zeros(16_000, np.int16)).make(1000).any()


@pytest.mark.parametrize("dbfs", [-70, -60, -50])
def test_it_is_as_loud_as_the_background(dbfs: float) -> None:
    assert level_dbfs(taught(noise(2, dbfs)).make(32_000)) == pytest.approx(dbfs, abs=1.5)


def test_it_is_learnt_from_frames_of_10_ms() -> None:
    background = noise(2, -60)
    comfort = taught(*(background[at : at + 160] for at in range(0, len(background), 160)))
    assert level_dbfs(comfort.make(32_000)) == pytest.approx(-60, abs=1.5)


def test_speech_before_the_background_is_not_in_it(spoken: Pcm) -> None:
    assert level_dbfs(taught(spoken, noise(0.36, -60)).make(32_000)) < -55


def test_it_has_the_colour_of_the_background() -> None:
    def share_below_1_khz(pcm: Pcm) -> float:
        power = np.abs(np.fft.rfft(pcm.astype(float))) ** 2
        return float(power[: len(power) // 8].sum() / power.sum())

    for soft in (1, 6, 20):
        background = noise(2, -55, soft)
        made = taught(background).make(32_000)
        assert share_below_1_khz(made) == pytest.approx(share_below_1_khz(background), abs=0.08)


def test_it_is_even_and_does_not_click() -> None:
    made = taught(noise(2, -55)).make(32_000)
    levels = [level_dbfs(made[at : at + 1600]) for at in range(0, 32_000, 1600)]
    assert max(levels) - min(levels) < 4


def test_any_number_of_samples_can_be_had() -> None:
    comfort = taught(noise(1, -55))
    assert [len(comfort.make(samples)) for samples in (1, 7, 160, 321, 5000)] == [1, 7, 160, 321, 5000]


def test_it_follows_a_room_that_becomes_louder() -> None:
    assert level_dbfs(taught(noise(1, -65), noise(6, -50)).make(16_000)) == pytest.approx(-50, abs=2)
