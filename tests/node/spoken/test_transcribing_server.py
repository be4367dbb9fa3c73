"""What the process that writes speech makes of a model's answer; and the real model, where it is installed."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import util
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from node.speech import sound_files
from node.speech.dialogue import shipped
from node.speech.pcm import FRAME_SAMPLES
from node.spoken.installed import MODEL_PACKAGE, speech_model
from node.spoken.transcribing_server import MOST_TOKENS, load, text_of
from protocol.errors import NodeError

HAS_MODEL = util.find_spec("faster_whisper") is not None and util.find_spec(MODEL_PACKAGE) is not None


@dataclass
class Segment:
    text: str
    no_speech_prob: float = 0.0
    avg_logprob: float = -0.3
    compression_ratio: float = 1.2


class FakeWhisper:
    def __init__(self, *segments: Segment) -> None:
        self.segments = segments
        self.asked: dict[str, Any] = {}

    def transcribe(self, sound: object, **options: Any) -> tuple[tuple[Segment, ...], None]:
        self.asked = options
        return self.segments, None


def test_segments_are_one_line_without_what_is_no_speech() -> None:
    whisper = FakeWhisper(
        Segment(" Hello there."),
        Segment("Thank you.", no_speech_prob=0.9, avg_logprob=-1.4),
        Segment("la la la la la la la la", compression_ratio=3.0),
        Segment("Quiet, but sure.", no_speech_prob=0.9, avg_logprob=-0.2),
    )
    assert text_of(whisper, np.zeros(16_000)) == "Hello there. Quiet, but sure."


def test_one_pass_of_limited_length_is_asked_for() -> None:
    whisper = FakeWhisper()
    assert text_of(whisper, np.zeros(16_000)) == ""
    assert (whisper.asked["temperature"], whisper.asked["max_new_tokens"]) == (0.0, MOST_TOKENS)


@pytest.mark.parametrize(("online", "what_to_do"), [(True, "check the hub id and"), (False, "give a folder with a")])
def test_a_model_that_cannot_be_loaded_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, online: bool, what_to_do: str
) -> None:
    def broken(model: str, **_options: object) -> None:
        raise RuntimeError("no\nsuch thing")

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=broken))
    with pytest.raises(
        NodeError, match=rf"^'mine/small' cannot be loaded, {what_to_do} .*: RuntimeError: no such thing$"
    ):
        load("mine/small", online)


@pytest.mark.skipif(not HAS_MODEL, reason="the extra 'transcribe' is not installed")
def test_the_real_model_writes_what_the_dialogue_says() -> None:
    (turn,) = [turn for turn in shipped() if turn.text.startswith("Loud and clear")]
    sound = np.concatenate(list(sound_files.blocks(turn.path, FRAME_SAMPLES)))
    text = load(speech_model(None).place, online=False)(sound.tobytes())
    words = re.findall(r"[a-z]+", text.lower())
    assert words[:3] == ["loud", "and", "clear"]
    assert "already" in words
