"""What the codec commands take, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Command

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
