"""Damaged sessions made whole: what can be read is in the new file, which all readers take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mcap.reader import make_reader
from session_files import HEADER, SECRET, made_up
from small_disk import FULL, small_disk

from node.recording.reader import SessionReader
from node.recording.recover import recover
from protocol.errors import LogError, NodeError, UsageError

SessionFile = Callable[..., Path]


def _count(path: Path, secret: bytes | None = None) -> int:
    """How many records our reader finds in a file that must be whole, also for MCAP's own reader."""
    with path.open("rb") as file:
        assert list(make_reader(file, validate_crcs=True).iter_messages())
    with SessionReader.open(path, secret) as session:
        assert session.complete
        assert session.remarks == []
        found = list(session.records())
        assert session.damage == 0
        assert session.header == HEADER
    assert all(record in made_up() for record in found)
    return len(found)


@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_recording_that_was_killed(session_file: SessionFile, secret: bytes | None) -> None:
    path = session_file(secret=secret, end=False)
    told = recover(path, None, secret)
    mended = path.with_name("call-recovered.mcap")
    assert told == [
        "it has no end: what was recorded in its last two seconds may be lost",
        f"0:20 of the session are in {mended}",
    ]
    assert _count(mended, secret) == len(made_up())


def test_a_whole_one_is_told_to_be_whole(session_file: SessionFile, tmp_path: Path) -> None:
    path, mended = session_file(), tmp_path / "copy.mcap"
    assert recover(path, mended, None)[0] == "this session was whole"
    assert _count(mended) == len(made_up())


def test_what_lies_behind_the_damage_is_recovered(session_file: SessionFile, tmp_path: Path) -> None:
    path, mended = session_file(), tmp_path / "mended.mcap"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert recover(path, mended, None)[0] == "1 place could not be read"
    with SessionReader.open(mended) as session:
        found = list(session.records())
    assert found[0] == made_up()[0]
    assert found[-1] == made_up()[-1]
    assert _count(mended) > len(made_up()) * 0.8


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.77, 0.999])
def test_a_length_that_is_nonsense_does_not_hide_the_rest(
    session_file: SessionFile, tmp_path: Path, share: float
) -> None:
    """Damage to the chain of records: the next chunk is found by what chunks look like."""
    path, mended = session_file(end=False), tmp_path / "mended.mcap"
    data = bytearray(path.read_bytes())
    place = data.index(b"zstd", int(len(data) * share * 0.9)) - 40
    data[place : place + 8] = b"\xff" * 8
    path.write_bytes(data)
    recover(path, mended, None)
    with SessionReader.open(mended) as session:
        assert len(list(session.records())) > len(made_up()) * 0.8


def test_nothing_is_left(session_file: SessionFile, tmp_path: Path) -> None:
    path, mended = session_file(), tmp_path / "mended.mcap"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(LogError, match="nothing of this session is left"):
        recover(path, mended, None)
    assert not mended.exists()


def test_nothing_is_overwritten(session_file: SessionFile, tmp_path: Path) -> None:
    path, mended = session_file(), tmp_path / "mended.mcap"
    mended.write_text("something dear")
    with pytest.raises(UsageError, match="exists already"):
        recover(path, mended, None)
    with pytest.raises(UsageError, match="exists already"):
        recover(path, path, None)
    assert mended.read_text() == "something dear"


def test_a_full_disk_leaves_nothing_behind(session_file: SessionFile, tmp_path: Path) -> None:
    mended, path = tmp_path / "mended.mcap", session_file()
    with small_disk(9000), pytest.raises(NodeError, match=rf"cannot write .*{FULL}"):
        recover(path, mended, None)
    assert list(tmp_path.iterdir()) == [path]
