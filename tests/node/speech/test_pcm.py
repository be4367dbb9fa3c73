from __future__ import annotations

import math

import numpy as np
import pytest

from node.speech.pcm import FULL_SCALE, Clock, level_dbfs, samples_of, seconds_of, silence


def test_level_of_a_full_scale_square_wave_is_zero() -> None:
    square = np.tile(np.array([FULL_SCALE - 1, -FULL_SCALE], np.int16), 500)
    assert level_dbfs(square) == pytest.approx(0, abs=0.001)


def test_level_of_a_sine_is_three_db_below_its_peak(tone: np.ndarray) -> None:
    assert level_dbfs(tone) == pytest.approx(20 * math.log10(0.7 * 16_000 / FULL_SCALE / math.sqrt(2)), abs=0.01)


def test_silence_has_no_level() -> None:
    assert level_dbfs(silence(320)) == float("-inf")


def test_samples_and_seconds_are_each_others_inverse() -> None:
    assert samples_of(0.06) == 960
    assert seconds_of(960) == 0.06


async def test_sleeping_until_the_past_still_gives_way() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await Clock(lambda: 5.0, sleep).sleep_until(3.0)
    assert slept == [0.0]
