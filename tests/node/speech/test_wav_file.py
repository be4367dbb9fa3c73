from __future__ import annotations

import os
import shutil
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from node.speech import wav_file
from node.speech.pcm import BLOCK_SAMPLES
from node.speech.wav_file import WavFile
from protocol.errors import NodeError

BLOCK = np.arange(BLOCK_SAMPLES, dtype=np.int16)


async def test_what_was_put_is_in_the_file_once_it_is_closed(tmp_path: Path) -> None:
    notes: list[str] = []
    file = WavFile(tmp_path / "a.wav", notes.append)
    for _ in range(5):
        file.put(BLOCK)
    await file.close()
    with wave.open(str(tmp_path / "a.wav")) as written:
        assert (written.getnchannels(), written.getsampwidth(), written.getframerate()) == (1, 2, 16_000)
        assert np.array_equal(np.frombuffer(written.readframes(-1), "<i2"), np.tile(BLOCK, 5))
    assert not notes


def test_the_file_is_valid_from_the_beginning_on(tmp_path: Path) -> None:
    WavFile(tmp_path / "a.wav", print)
    with wave.open(str(tmp_path / "a.wav")) as written:
        assert written.getnframes() == 0


async def test_a_disk_that_fills_up_is_noted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: WavFile, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    notes: list[str] = []
    file = WavFile(tmp_path / "a.wav", notes.append)
    monkeypatch.setattr(WavFile, "_write", refuse)
    for _ in range(9):
        file.put(BLOCK)
    await file.close()
    assert notes == [f"cannot write {tmp_path / 'a.wav'}: No space left on device; what is heard is not kept any more"]


async def test_a_deleted_folder_is_noted_once(tmp_path: Path) -> None:
    notes: list[str] = []
    folder = tmp_path / "folder"
    folder.mkdir()
    file = WavFile(folder / "a.wav", notes.append)
    file.put(BLOCK)
    shutil.rmtree(folder)
    for _ in range(5):
        file.put(BLOCK)
    await file.close()
    assert notes == [f"cannot write {folder / 'a.wav'}: it was deleted; what is heard is not kept any more"]


async def test_a_disk_that_hangs_is_noted_once_and_holds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, over = list[str](), threading.Event()
    file = WavFile(tmp_path / "a.wav", notes.append)
    monkeypatch.setattr(WavFile, "_write", lambda self, data: over.wait())
    monkeypatch.setattr(wav_file, "MAX_WAIT", 0.01)
    for _ in range(2 * wav_file.MAX_WAITING):
        file.put(BLOCK)
    await file.close()
    over.set()
    assert len(notes) == 1
    assert "too slow, or gone" in notes[0]


def test_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "out" / "of" / "heard.wav"
    WavFile(path, print)
    assert path.stat().st_size


def test_what_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo.wav")
        with pytest.raises(NodeError, match=r"cannot write .*fifo\.wav: it is a named pipe"):
            WavFile(tmp_path / "fifo.wav", print)
    (tmp_path / "file").touch()
    with pytest.raises(NodeError, match=r"cannot write .*a\.wav: (File exists|Not a directory)"):
        WavFile(tmp_path / "file" / "a.wav", print)
    with pytest.raises(NodeError, match="Is a directory"):
        WavFile(tmp_path, print)
