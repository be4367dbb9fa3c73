"""Files of captions."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.bench.captions.lines import read_lines
from protocol.errors import NodeError


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
    for name, said in [("latin", "no UTF-8"), ("empty", "is empty"), ("folder", "directory"), ("none", "no file")]:
        with pytest.raises(NodeError, match=said) as caught:
            read_lines(tmp_path / f"{name}.txt")
        assert f"{name}.txt" in str(caught.value)
        assert "\n" not in str(caught.value)
