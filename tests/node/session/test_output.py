"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.session.output import whole
from protocol.errors import NodeError, UsageError


def test_the_file_is_there_when_the_context_ends(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with whole(path) as beside:
        beside.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(tmp_path.iterdir()) == [path]


def test_after_a_failure_nothing_is_left_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("mine")
    with pytest.raises(ZeroDivisionError), whole(path, force=True) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "mine"
    with pytest.raises(NodeError, match="No space left"), whole(path, force=True) as beside:
        beside.write_text("half")
        raise OSError(28, "No space left on device")
    assert [one.read_text() for one in tmp_path.iterdir()] == ["mine"]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"), whole(tmp_path):
        pass
    with pytest.raises(NodeError, match="make it first"), whole(tmp_path / "no" / "out.txt"):
        pass
    (tmp_path / "out.txt").touch()
    with pytest.raises(UsageError, match="--force"), whole(tmp_path / "out.txt"):
        pass
