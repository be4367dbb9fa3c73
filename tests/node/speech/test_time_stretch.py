from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.speech.pcm import Pcm, level_dbfs, silence
from node.speech.time_stretch import LONGEST, MAX_CHANGES, URGENT, Stretcher

FRAME = 960


def stretched(pcm: Pcm, speed: float, frame: int = FRAME) -> Pcm:
    stretcher = Stretcher()
    return np.concatenate([stretcher.stretch(pcm[n : n + frame], speed) for n in range(0, len(pcm) - frame + 1, frame)])


def roughest(pcm: Pcm) -> int:
    return int(np.abs(np.diff(pcm.astype(int))).max())


def pitch(pcm: Pcm) -> float:
    """The strongest frequency, in Hz, of some seconds of sound."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)), 1 << 18))
    return float(np.argmax(spectrum) * 16_000 / (1 << 18))


SPEEDS = [0.8, 0.95, 0.9998, 1.0, 1.0002, 1.05, 1.25]


@pytest.mark.parametrize("frame", [160, 320, 640, 960])
@pytest.mark.parametrize("speed", SPEEDS)
def test_the_length_comes_out_right(spoken: Pcm, speed: float, frame: int) -> None:
    whole = len(spoken) // frame * frame
    assert len(stretched(spoken, speed, frame)) == pytest.approx(whole / speed, abs=URGENT + whole * 0.02)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_pitch_stays(tone: Pcm, speed: float) -> None:
    assert pitch(stretched(tone, speed)) == pytest.approx(pitch(tone), abs=1.5)


@pytest.mark.parametrize("speed", SPEEDS)
def test_no_edge_is_made(spoken: Pcm, speed: float) -> None:
    assert roughest(stretched(spoken, speed)) <= roughest(spoken) * 1.05


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_the_loudness_stays(spoken: Pcm, speed: float) -> None:
    assert level_dbfs(stretched(spoken, speed)) == pytest.approx(level_dbfs(spoken), abs=0.5)


def test_at_its_own_speed_nothing_changes(spoken: Pcm) -> None:
    assert np.array_equal(stretched(spoken[: 20 * FRAME], 1.0), spoken[: 20 * FRAME])


def test_the_ends_of_a_frame_stay(spoken: Pcm) -> None:
    stretcher = Stretcher()
    for start in range(0, 50 * FRAME, FRAME):
        frame = spoken[start : start + FRAME]
        for speed in (0.8, 1.25):
            changed = stretcher.stretch(frame, speed)
            assert (changed[0], changed[-1]) == (frame[0], frame[-1])


def test_a_pause_gives_way_first(tone: Pcm) -> None:
    """Noise is never alike; what is quiet is, so that it is shortened and the noise before it left whole."""
    noise = np.random.default_rng(1).normal(0, 5000, 480).astype(np.int16)
    frame = np.concatenate([noise, silence(480)])
    stretcher = Stretcher()
    changed = stretcher.stretch(frame, 1.2)
    assert len(changed) < FRAME
    assert np.array_equal(changed[:480], noise)


def test_what_is_never_alike_is_shortened_all_the_same() -> None:
    noise = np.random.default_rng(2).normal(0, 5000, 100 * FRAME).astype(np.int16)
    assert len(stretched(noise, 1.01)) == pytest.approx(len(noise) / 1.01, abs=2 * URGENT)


@given(st.integers(0, 1920), st.floats(0.5, 2), st.integers(0, 2**32 - 1))
def test_any_frame_is_stretched(samples: int, speed: float, seed: int) -> None:
    pcm = np.random.default_rng(seed).integers(-32_768, 32_768, samples).astype(np.int16)
    stretcher = Stretcher()
    for _ in range(3):
        changed = stretcher.stretch(pcm, speed)
        assert changed.dtype == np.int16
        assert abs(len(changed) - len(pcm)) <= MAX_CHANGES * LONGEST
