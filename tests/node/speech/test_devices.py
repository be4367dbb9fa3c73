"""Sources and sinks by name, and the audio processing between them; the sound card is a fake."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from node.speech import audio_processing
from node.speech.audio_io import Captured, Source
from node.speech.audio_processing import CleanSource, EchoingSink
from node.speech.devices import open_sink, open_source, processed
from node.speech.loudspeaker import Loudspeaker
from node.speech.microphone import Microphone
from node.speech.sinks import NullSink, WavSink
from node.speech.sources import silent_source
from protocol.errors import NodeError


@pytest.fixture
def livekit() -> None:
    pytest.importorskip("livekit", reason="needs the package livekit")


async def first(source: Source, count: int) -> list[Captured]:
    captured = []
    async for frame in source:
        captured.append(frame)
        if len(captured) == count:
            break
    return captured


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """150 ms of sound: two frames and a half."""
    path = tmp_path / "clip.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.full(2400, 7, "<i2").tobytes())
    return path


async def test_a_file_is_opened_by_its_name(clip: Path, hand) -> None:
    source, note = open_source(str(clip), clock=hand.clock)
    assert len(await first(source, 99)) == 3
    assert not note


def test_a_missing_file_is_named() -> None:
    with pytest.raises(NodeError, match=r"nowhere\.wav"):
        open_source("nowhere.wav")


def test_not_asking_takes_the_microphone(card) -> None:
    source, note = open_source(None)
    assert isinstance(source, Microphone)
    assert not note


async def test_not_asking_is_silent_without_a_microphone(card, hand) -> None:
    card.there = False
    source, note = open_source(None, clock=hand.clock)
    assert note.startswith("nothing will be said: no usable microphone")
    assert "a browser's will do (--page)" in note
    assert not (await first(source, 1))[0].pcm.any()


def test_asking_for_a_microphone_needs_one(card) -> None:
    card.there = False
    with pytest.raises(NodeError, match="no usable microphone"):
        open_source("mic")


async def test_none_is_silence(card, hand) -> None:
    source, note = open_source("none", clock=hand.clock)
    assert not (await first(source, 1))[0].pcm.any()
    assert not note


def test_an_unwritable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NodeError, match=r"cannot write .*out\.wav: (File exists|Not a directory)"):
        open_sink(str(tmp_path / "file" / "out.wav"))


def test_sinks_by_name(card, tmp_path: Path) -> None:
    for spec, kind in {
        None: Loudspeaker,
        "default": Loudspeaker,
        "none": NullSink,
        str(tmp_path / "A.WAV"): WavSink,
    }.items():
        sink, note = open_sink(spec)
        assert type(sink) is kind
        assert not note


def test_not_asking_is_silent_without_a_loudspeaker(card) -> None:
    card.there = False
    sink, note = open_sink(None)
    assert type(sink) is NullSink
    assert note.startswith("nothing will be heard: no usable loudspeaker")
    assert "the page can be listened to (--page)" in note


def test_asking_for_a_loudspeaker_needs_one(card) -> None:
    card.there = False
    with pytest.raises(NodeError, match="no usable loudspeaker"):
        open_sink("default")


def test_other_files_are_refused() -> None:
    with pytest.raises(NodeError, match=r"'call\.mp3'"):
        open_sink("call.mp3")


@pytest.mark.usefixtures("livekit")
def test_a_microphone_is_cleaned_and_a_loudspeaker_beside_it_noted(card) -> None:
    source, sink, remark = processed(Microphone(), Loudspeaker())
    assert isinstance(source, CleanSource)
    assert isinstance(sink, EchoingSink)
    assert remark == ""
    source, sink, remark = processed(Microphone(), NullSink())
    assert isinstance(source, CleanSource)
    assert isinstance(sink, NullSink)


def test_without_the_package_one_line_says_so(card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_processing, "find_spec", lambda name: None)
    source, sink, remark = processed(Microphone(), Loudspeaker())
    assert isinstance(source, Microphone)
    assert isinstance(sink, Loudspeaker)
    assert "pip install 'pictophone[live]'" in remark
    assert "\n" not in remark


def test_what_is_no_microphone_is_left_alone(card) -> None:
    files = silent_source()
    speaker = Loudspeaker()
    assert processed(files, speaker) == (files, speaker, "")
    assert processed(None, None) == (None, None, "")
