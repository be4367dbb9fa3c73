"""Frames cut, packets lost."""

from __future__ import annotations

import numpy as np

from node.bench.speech.streams import frames_of, losses


def test_the_last_frame_is_filled_up() -> None:
    frames = frames_of(np.ones(250, np.int16), 100)
    assert [int(frame.sum()) for frame in frames] == [100, 100, 50]
    assert len(frames_of(np.ones(200, np.int16), 100)) == 2


def test_losses_are_the_same_each_time_and_spare_the_first() -> None:
    lost = losses(2000, 10)
    assert lost == losses(2000, 10)
    assert not lost[0]
    assert 0.08 < sum(lost) / 2000 < 0.12
    assert not any(losses(2000, 0))
    assert losses(0, 10) == []
