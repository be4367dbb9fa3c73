"""The commands of `codec`: what they take, what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Command
from stand_in_codec import STAND_IN, stand_in_codecs

from node.captions.coder import shipped_codecs
from node.commands import codec
from protocol.errors import CaptionError, UsageError

SENTENCE = "a cat sitting on top of a wooden bench"


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    path = tmp_path / "captions.txt"
    path.write_text(f"{SENTENCE}\na dog\n\nÜmläute\n")
    return path


def test_a_caption_goes_there_and_back(command: Command) -> None:
    assert command.run("codec", "encode", SENTENCE, "--json").code == 0
    coded = json.loads(command.out)
    assert command.run("codec", "decode", coded["hex"]).code == 0
    assert command.out == f"{SENTENCE}\n"
    assert command.run("codec", "encode", SENTENCE, "--codec", "1").code == 0
    assert "174" in command.out
    assert command.run("codec", "encode", "--after", "a dog", "--", "-a cat").code == 0


def test_a_file_is_benched(command: Command, captions: Path) -> None:
    assert command.run("codec", "bench", captions, "--json").code == 0
    figures = json.loads(command.out)
    assert (figures["lines"], figures["lossless"]) == (4, True)
    assert command.run("codec", "bench", captions, "--context").code == 0
    assert command.run("codec", "bench", captions, "--codec", "1").code == 1
    assert "DID NOT" in command.out
    assert command.err == ""


def test_baselines_are_set_beside(command: Command, captions: Path) -> None:
    assert command.run("codec", "compare", SENTENCE, "--train", captions, "--json").code == 0
    comparison = json.loads(command.out)
    assert comparison["trained_on"] == "the 4 lines of captions.txt"
    assert [row["bits_mean"] for row in comparison["rows"][:2]] == [304, 174]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["encode", "x", "--codec", "77"], 2, "77"),
        (["decode", "zz"], 2, "'zz'"),
        (["decode", "ff", "--codec", "0"], 1, "UTF-8"),
        (["decode", "00", "--codec", "99"], 2, "99"),
        (["bench", "none.txt"], 1, "none.txt"),
        (["bench", "captions.txt", "--codec", "99"], 2, "99"),
        (["bench", "empty.txt"], 1, "empty"),
        (["bench", "latin.txt"], 1, "UTF-8"),
        (["compare", "none.txt"], 1, "none.txt"),
        (["compare", "a cat", "--train", "none.txt"], 1, "none.txt"),
        (["compare", "a cat", "--train", "latin.txt"], 1, "latin.txt"),
    ],
)
def test_what_goes_wrong_is_one_line(
    command: Command, captions: Path, arguments: list[str], code: int, said: str
) -> None:
    captions.with_name("empty.txt").touch()
    captions.with_name("latin.txt").write_bytes(b"caf\xe9\n")
    assert said in command.fails("codec", *arguments, code=code)


@pytest.mark.parametrize("arguments", ["", "encode", "decode", "bench", "compare", "encode x --codec y"])
def test_wrong_usage_ends_with_two(command: Command, arguments: str) -> None:
    assert command.run("codec", *arguments.split()).code == 2
    assert "Traceback" not in command.err


# -- one caption, there and back


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(codec, "shipped_codecs", stand_in_codecs)
    return STAND_IN


def test_a_caption_is_coded_and_what_it_costs_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    codec.encode(SENTENCE, None, 1, json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"hex    {shipped_codecs().encode(SENTENCE, 1).data.hex()}"
    assert lines[1:3] == ["bits   174.00 exact (-log2 of the probability), 174 coded", "bytes  22"]


def test_exact_and_coded_bits_are_told_apart(stand_in: int, capsys: pytest.CaptureFixture[str]) -> None:
    codec.encode("a cat", None, None, json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures == {"codec": STAND_IN, "hex": "9edf9c9e8b", "ideal_bits": 36.5, "bits": 37, "bytes": 5}


@pytest.mark.parametrize("text", ["", SENTENCE, "naïve — 🐈\n\x00", "سلام"])
def test_what_was_coded_is_decoded(capsys: pytest.CaptureFixture[str], text: str) -> None:
    codec.encode(text, None, None, json=True)
    codec.decode(json.loads(capsys.readouterr().out)["hex"], None, None)
    assert capsys.readouterr().out == f"{text}\n"


def test_a_caption_is_coded_after_another(stand_in: int, capsys: pytest.CaptureFixture[str]) -> None:
    codec.encode("a cat", "a cat", None, json=False)
    assert capsys.readouterr().out.startswith("hex    \nbits   0.25 exact")
    codec.decode("", "a cat", None)
    assert capsys.readouterr().out == "a cat\n"


def test_wrong_usage_is_one_line() -> None:
    with pytest.raises(UsageError, match="no caption codec 77: give one of 0 \\(UTF-8\\), 1"):
        codec.encode(SENTENCE, None, 77, json=False)
    with pytest.raises(UsageError, match="no caption codec -1"):
        codec.decode("00", None, -1)
    for coded in ("zz", "abc", "0x61"):
        with pytest.raises(UsageError, match="no hexadecimal"):
            codec.decode(coded, None, 0)
    with pytest.raises(CaptionError):
        codec.decode("ff", None, 0)
