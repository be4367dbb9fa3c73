"""Sound cut into frames of another length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.speech.framing import Reframer
from node.speech.sources import Captured


@given(st.lists(st.integers(1, 2000), max_size=20), st.lists(st.integers(1, 2000), min_size=1, max_size=20))
def test_no_sample_is_lost_or_moved(pieces: list[int], frames: list[int]) -> None:
    framing, at, taken = Reframer(), 0, []
    numbers = np.arange(sum(pieces)).astype(np.int16)
    for size, wanted in zip(pieces, frames * 20, strict=False):
        framing.put(Captured(numbers[at : at + size], at / 16_000))
        at += size
        while (frame := framing.take(wanted)) is not None:
            assert len(frame.pcm) == wanted
            assert frame.at == pytest.approx(sum(map(len, taken)) / 16_000)
            taken.append(frame.pcm)
    heard = np.concatenate([np.zeros(0, np.int16), *taken])
    assert np.array_equal(heard, numbers[: len(heard)])


def test_what_came_encoded_goes_along_only_where_it_is_not_cut() -> None:
    framing = Reframer()
    framing.put(Captured(np.ones(320, np.int16), 1.0, encoded=b"1"))
    whole = framing.take(320)
    assert whole is not None
    assert whole.encoded == b"1"
    framing.put(Captured(np.ones(320, np.int16), 1.02, encoded=b"2"))
    framing.put(Captured(np.ones(320, np.int16), 1.04, encoded=b"3"))
    assert [(frame.encoded if (frame := framing.take(320)) else None) for _ in range(2)] == [None, None]
    framing.put(Captured(np.ones(320, np.int16), 1.06, encoded=b"4"))
    assert [(frame.encoded if (frame := framing.take(160)) else None) for _ in range(2)] == [None, None]
    framing.put(Captured(np.ones(320, np.int16), 2.0, skipped=160, encoded=b"5"))
    frame = framing.take(320)
    assert frame is not None
    assert (frame.encoded, frame.skipped) == (b"5", 160)


def test_a_gap_swallows_the_rest_before_it() -> None:
    framing = Reframer()
    framing.put(Captured(np.ones(500, np.int16), 1.0))
    assert framing.take(320) is not None
    framing.put(Captured(np.full(320, 2, np.int16), 2.0, skipped=1000))
    frame = framing.take(320)
    assert frame is not None
    assert (frame.at, frame.skipped, set(frame.pcm)) == (2.0, 1180, {2})
    framing.put(Captured(np.ones(320, np.int16), 2.02))
    again = framing.take(320)
    assert again is not None
    assert again.skipped == 0
