"""What a codec makes of many captions, and the files that they come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stand_in_codec import STAND_IN, stand_in_codecs

from node.bench.captions import measure
from node.bench.captions.measure import read_lines
from node.captions.coder import shipped_codecs
from protocol.captions.registry import Codec
from protocol.captions.tokens import from_utf8
from protocol.errors import NodeError, UsageError

CODECS, STAND_INS = shipped_codecs(), stand_in_codecs()
KEYS = {
    "lines", "lossless", "bits_mean", "ideal_bits_mean", "bits_p95", "bytes_mean", "encode_ms_mean", "decode_ms_mean",
}  # fmt: skip


def test_the_figures_are_over_the_lines() -> None:
    ticks: list[int] = []
    figures = measure.bench(CODECS, ["a", "abc", "ab", "é"], 0, context=False, tick=lambda: ticks.append(1))
    assert figures["encode_ms_mean"] >= 0
    assert figures["decode_ms_mean"] >= 0
    assert {name: value for name, value in figures.items() if not name.endswith("ms_mean")} == {
        "codec": 0, "lines": 4, "lossless": True, "lost_lines": 0,
        "bits_mean": 16.0, "bits_median": 16.0, "bits_p95": 22.8, "ideal_bits_mean": 16.0,
        "bytes_mean": 2.0, "bytes_median": 2.0, "bytes_p95": 2.85,
    }  # fmt: skip
    assert len(ticks) == 4


def test_the_bits_of_code_and_of_model_are_distinguished() -> None:
    figures = measure.bench(STAND_INS, ["a cat", "a cat"], STAND_IN, context=False)
    assert (figures["bits_mean"], figures["ideal_bits_mean"], figures["bytes_mean"]) == (37, 36.5, 5)


def test_in_context_each_line_knows_the_one_before() -> None:
    figures = measure.bench(STAND_INS, ["a cat", "a cat", "a dog", "a cat"], STAND_IN, context=True)
    assert figures["lossless"]
    assert figures["bytes_mean"] == 3.75
    assert figures["ideal_bits_mean"] == round((3 * 36.5 + 0.25) / 4, 3)


def test_what_does_not_come_back_is_counted() -> None:
    assert measure.bench(CODECS, ["abc", "a b", "A"], 1, context=False)["lost_lines"] == 2
    lossy = Codec(
        "lossy",
        lambda text, _: (text[:1].encode(), 8, 8.0),
        lambda data, _: from_utf8(data.replace(b"!", b"\xff")),
        lossless=False,
    )
    assert measure.bench(stand_in_codecs(c0=lossy), ["a", "", "!", "ab"], 0, context=False)["lost_lines"] == 2


def test_a_file_is_measured_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "captions.txt"
    path.write_text("a cat\na dog\n")
    assert measure.run(CODECS, path, None, context=False, json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures.keys() >= KEYS
    assert (figures["lines"], figures["lossless"]) == (2, True)
    assert measure.run(CODECS, path, 0, context=False, json=False)
    printed = capsys.readouterr().out
    assert "codec 0 (UTF-8), 2 lines: all came back as they were" in printed
    assert "40.00" in printed
    assert not measure.run(CODECS, path, 1, context=False, json=False)
    assert "2 DID NOT come back" in capsys.readouterr().out


def test_what_cannot_be_measured_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="no file"):
        measure.run(CODECS, tmp_path / "none.txt", None, context=False, json=False)
    with pytest.raises(UsageError, match=f"no caption codec {STAND_IN}"):
        measure.run(CODECS, tmp_path / "none.txt", STAND_IN, context=False, json=False)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b" a \n\n\tb\n", [" a ", "", "\tb"]),
        (b"\n", [""]),
        ("a\u2028b\x0cc\x85d\n".encode(), ["a\u2028b\x0cc\x85d"]),
    ],
)
def test_a_line_loses_its_end_and_nothing_else(tmp_path: Path, data: bytes, lines: list[str]) -> None:
    path = tmp_path / "captions.txt"
    path.write_bytes(data)
    assert read_lines(path) == lines


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "folder.txt").mkdir()
    for name, reason in [("latin", "no UTF-8"), ("empty", "is empty"), ("folder", "directory"), ("none", "no file")]:
        with pytest.raises(NodeError, match=reason) as caught:
            read_lines(tmp_path / f"{name}.txt")
        assert f"{name}.txt" in str(caught.value)
        assert "\n" not in str(caught.value)
