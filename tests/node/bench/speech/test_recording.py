"""Recordings, at any rate."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from node.bench.speech.recording import read
from protocol.errors import NodeError


def write(path: Path, pcm: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def test_it_lasts_as_long_at_every_rate(recording: Path) -> None:
    lengths = {rate: len(read(recording, rate)) / rate for rate in (8_000, 16_000, 48_000)}
    assert max(lengths.values()) - min(lengths.values()) < 0.05


def test_what_cannot_be_judged_is_told(tmp_path: Path) -> None:
    silence = write(tmp_path / "silence.wav", np.zeros(32_000))
    short = write(tmp_path / "short.wav", np.full(8_000, 99))
    for path in (silence, short):
        with pytest.raises(NodeError, match="no second of speech"):
            read(path)
    with pytest.raises(NodeError, match=r"none\.wav"):
        read(tmp_path / "none.wav")
