"""Recordings at any rate, frames cut, packets lost."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from node.bench.speech.streams import EXCERPT_S, excerpt, frames_of, losses, read, recordings_in
from node.speech import dialogue
from protocol.errors import NodeError, UsageError


def write(path: Path, pcm: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def test_it_lasts_as_long_at_every_rate(recording: Path) -> None:
    lengths = {rate: len(read(recording, rate)) / rate for rate in (8_000, 16_000, 48_000)}
    assert max(lengths.values()) - min(lengths.values()) < 0.05


def test_an_excerpt_is_a_short_ogg_that_sounds_like_it(recording: Path) -> None:
    file = excerpt(np.tile(read(recording), 5))
    assert len(file) < 40_000
    with av.open(io.BytesIO(file)) as container:
        assert container.streams.audio[0].codec.name in ("opus", "libopus")
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert abs(seconds - EXCERPT_S) < 0.1


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    silence = write(tmp_path / "silence.wav", np.zeros(32_000))
    short = write(tmp_path / "short.wav", np.full(8_000, 99))
    for path in (silence, short):
        with pytest.raises(NodeError, match="no second of speech"):
            read(path)
    with pytest.raises(NodeError, match=r"none\.wav"):
        read(tmp_path / "none.wav")


def test_a_folder_of_recordings_or_the_shipped_dialogue(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match=r"there are no recordings in .*: name a folder with WAV files"):
            recordings_in(folder)
    b, a = (write(tmp_path / name, np.ones(8)) for name in ("b.wav", "a.wav"))
    assert recordings_in(tmp_path) == [a, b]
    assert recordings_in(None) == [turn.path for turn in dialogue.shipped()]


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
