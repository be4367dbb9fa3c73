"""One caption, there and back."""

from __future__ import annotations

import json

import pytest
from stand_in_codec import STAND_IN, stand_in_codecs

from node.captions.coder import shipped_codecs
from node.commands import one
from protocol.errors import CaptionError, UsageError

CODECS, STAND_INS = shipped_codecs(), stand_in_codecs()

SENTENCE = "a cat sitting on top of a wooden bench"


def test_a_caption_is_coded_and_what_it_costs_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    one.encode(CODECS, SENTENCE, None, 1, json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"hex    {CODECS.encode(SENTENCE, 1).data.hex()}"
    assert lines[1:3] == ["bits   174.00 exact (-log2 of the probability), 174 coded", "bytes  22"]


def test_exact_and_coded_bits_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    one.encode(STAND_INS, "a cat", None, None, json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures == {"codec": STAND_IN, "hex": "9edf9c9e8b", "ideal_bits": 36.5, "bits": 37, "bytes": 5}


@pytest.mark.parametrize("text", ["", SENTENCE, "naïve — 🐈\n\x00", "سلام"])
def test_what_was_coded_is_decoded(capsys: pytest.CaptureFixture[str], text: str) -> None:
    one.encode(CODECS, text, None, None, json=True)
    one.decode(CODECS, json.loads(capsys.readouterr().out)["hex"], None, None)
    assert capsys.readouterr().out == f"{text}\n"


def test_a_caption_is_coded_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    one.encode(STAND_INS, "a cat", "a cat", None, json=False)
    assert capsys.readouterr().out.startswith("hex    \nbits   0.25 exact")
    one.decode(STAND_INS, "", "a cat", None)
    assert capsys.readouterr().out == "a cat\n"


def test_wrong_usage_is_one_line() -> None:
    with pytest.raises(UsageError, match="no caption codec 77: give one of 0 \\(UTF-8\\), 1"):
        one.encode(CODECS, SENTENCE, None, 77, json=False)
    with pytest.raises(UsageError, match="no caption codec -1"):
        one.decode(CODECS, "00", None, -1)
    for coded in ("zz", "abc", "0x61"):
        with pytest.raises(UsageError, match="no hexadecimal"):
            one.decode(CODECS, coded, None, 0)
    with pytest.raises(CaptionError):
        one.decode(CODECS, "ff", None, 0)
