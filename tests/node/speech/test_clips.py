from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from node.speech import clips
from node.speech.sound import Pcm, level_dbfs
from protocol.errors import NodeError


def write_wav(path: Path, pcm: np.ndarray, rate: int = 16_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def test_a_file_of_our_own_form_is_read_exactly(tmp_path: Path, tone: Pcm) -> None:
    path = write_wav(tmp_path / "tone.wav", tone)
    blocks = list(clips.blocks(path, 960))
    assert {block.shape for block in blocks} == {(960,)}
    assert {block.dtype for block in blocks} == {np.dtype(np.int16)}
    assert np.array_equal(np.concatenate(blocks)[: len(tone)], tone)


def test_the_last_block_is_filled_with_silence(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "short.wav", np.full(1000, 5, np.int16))
    first, last = clips.blocks(path, 960)
    assert first.all()
    assert last[:40].all()
    assert not last[40:].any()


def test_stereo_at_another_rate_becomes_mono_at_ours(tmp_path: Path) -> None:
    wave48 = np.rint(10_000 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 48_000))
    path = write_wav(tmp_path / "stereo.wav", np.repeat(wave48, 2), rate=48_000, channels=2)
    sound = np.concatenate(list(clips.blocks(path, 320)))
    assert len(sound) == 16_000
    assert level_dbfs(sound) == pytest.approx(level_dbfs(wave48.astype(np.int16)), abs=0.2)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(NodeError, match=r"cannot read sound from nowhere\.wav: No such file"):
        clips.check(Path("nowhere.wav"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="Is a directory"):
        clips.check(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a sound", bytes(range(256)) * 20, b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.wav"
    path.write_bytes(content)
    with pytest.raises(NodeError, match=r"other\.wav"):
        clips.check(path)


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(NodeError, match="no sound in it"):
        clips.check(path)


def test_a_recording_of_no_length_has_no_sound(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"empty\.wav"):
        clips.check(write_wav(tmp_path / "empty.wav", np.zeros(0)))
