"""Codecs and baselines compared, and the text that baselines learn from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from node.bench.captions import comparison as versus
from node.bench.captions.baselines import Baseline
from node.bench.captions.comparison import SCENES, Training, scene_captions, training_text
from node.captions.coder import shipped_codecs
from node.vision.scenes import grammar
from protocol.errors import NodeError

LEARNED = Training(lines=["a", "b"], about="the 2 lines of a test")

CODECS = shipped_codecs()


def length(module: Any, lines: Sequence[str]) -> Any:
    def size(text: str) -> int:
        if "\0" in text:
            raise ValueError("a NUL")
        return len(text) + len(lines)

    return size


@pytest.fixture(autouse=True)
def baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is here, one that is not, one that takes long."""
    here, lost = Baseline("here", "zlib", length), Baseline("lost", "no_such_package", length)
    monkeypatch.setattr(versus, "BASELINES", (here, lost, Baseline("slow", "zlib", length, most=2)))


def rows(lines: list[str]) -> dict[str, versus.Row]:
    return {row["name"]: row for row in versus.compare(CODECS, lines, LEARNED)["rows"]}


def test_every_codec_and_baseline_has_its_row() -> None:
    found = rows(["abc", "a"])
    assert list(found)[:2] == ["codec 0: UTF-8", "codec 1: the article's LZW"]
    assert list(found)[-3:] == ["here", "lost", "slow"]
    assert found["codec 0: UTF-8"]["bits_mean"] == 16
    assert found["here"] == {
        "name": "here", "lines": 2, "bits_mean": 32.0, "bits_median": 32.0, "bits_p95": 39.2, "bytes_mean": 4.0,
    }  # fmt: skip


def test_what_is_missing_or_fails_leaves_the_others() -> None:
    comparison = versus.compare(CODECS, ["abc", "a\0"], LEARNED)
    assert comparison["missing"] == ["lost"]
    found = {row["name"]: row for row in comparison["rows"]}
    assert (found["lost"]["lines"], found["lost"]["bits_mean"]) == (0, None)
    assert (found["here"]["lines"], found["here"]["bits_mean"]) == (1, 40)


def test_the_slow_are_measured_on_lines_from_all_over() -> None:
    assert list(versus.spread("abcdefg", 3)) == ["a", "c", "e"]
    assert versus.spread("ab", 3) == versus.spread("ab", None) == "ab"
    assert rows(["a"] * 9)["slow"]["lines"] == 2


def test_a_text_or_a_file_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.txt").write_text("a cat\na dog\n")
    (tmp_path / "cat").mkdir()
    assert versus.texts("two.txt") == ["a cat", "a dog"]
    for text in ("a cat", "cat", "", "a cat and/or a dog", "x" * 5000, "a\0b"):
        assert versus.texts(text) == [text]
    for lost in ("none.txt", "no/such", str(tmp_path / "none")):
        with pytest.raises(NodeError, match="no file"):
            versus.texts(lost)


def test_a_table_for_people_and_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    versus.run(CODECS, "a cat", None, json=True)
    comparison = json.loads(capsys.readouterr().out)
    assert comparison["rows"][0]["bits_mean"] == 40
    assert "drawn scenes" in comparison["trained_on"]
    path = tmp_path / "captions.txt"
    path.write_text("a cat\na dog\na cow\n")
    versus.run(CODECS, str(path), path, json=False)
    printed, remarks = capsys.readouterr()
    assert "slow (2 lines)" in printed
    assert "learned from the 3 lines of captions.txt" in printed
    assert remarks == "pictophone: not installed: lost; pip install 'pictophone[baselines]'\n"


def test_by_default_it_is_what_the_package_itself_writes() -> None:
    learned = training_text(None)
    assert len(learned.lines) == SCENES
    assert "drawn scenes" in learned.about
    assert sum(bool(grammar.attributes_of(line)) for line in learned.lines) > SCENES / 4


def test_the_same_seed_gives_the_same_lines() -> None:
    assert scene_captions(5, 1) == scene_captions(5, 1) == scene_captions(9, 1)[:5]
    assert scene_captions(5, 1) != scene_captions(5, 2)


def test_a_file_is_taken_and_named(tmp_path: Path) -> None:
    path = tmp_path / "captions.txt"
    path.write_text("a cat\na dog\n")
    learned = training_text(path)
    assert (learned.lines, learned.about) == (["a cat", "a dog"], "the 2 lines of captions.txt")
    with pytest.raises(NodeError, match="no file"):
        training_text(tmp_path / "none.txt")
