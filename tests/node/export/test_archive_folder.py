"""The folder of an archive: after a crash at any moment, what has its name is whole."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.export.archive_folder import ArchiveFolder, read_index
from node.export.archive_units import MadeFile, Unit, digest
from protocol.errors import NodeError

UNIT = Unit("/calls/a.mcap", "may/a.mp4")


def staged(folder: ArchiveFolder, data: bytes, key: str = "0" * 64, unit: Unit = UNIT) -> MadeFile:
    path = folder.stage / unit.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    status = path.stat()
    return MadeFile(key, status.st_size, status.st_mtime_ns, digest(path))


def test_what_was_committed_is_known_to_the_next_run(tmp_path: Path) -> None:
    with ArchiveFolder(tmp_path / "out") as folder:
        assert folder.known(UNIT.name) == ()
        first = staged(folder, b"one")
        assert folder.commit(UNIT, first) == tmp_path / "out/may/a.mp4"
    with ArchiveFolder(tmp_path / "out") as folder:
        assert folder.known(UNIT.name) == (first,)
        second = staged(folder, b"another", "1" * 64)
        folder.commit(UNIT, second)
        assert folder.known(UNIT.name) == (first, second)
        assert (first.is_at(folder.path / UNIT.name), second.is_at(folder.path / UNIT.name)) == (False, True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.jsonl", "may"]


def test_a_crash_between_the_index_and_the_name_leaves_a_file_that_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ArchiveFolder(tmp_path) as folder:
        folder.commit(UNIT, staged(folder, b"old"))
    with pytest.raises(OSError, match="crash"), monkeypatch.context() as crash, ArchiveFolder(tmp_path) as folder:
        made = staged(folder, b"new", "1" * 64)
        crash.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("crash")))
        folder.commit(UNIT, made)
    with ArchiveFolder(tmp_path) as folder:
        old, new = folder.known(UNIT.name)
        assert (old.is_at(tmp_path / UNIT.name), new.is_at(tmp_path / UNIT.name)) == (True, False)


@pytest.mark.parametrize("kept", [1, 40, 150])
def test_a_line_that_a_crash_cut_off_is_passed_over_and_the_next_has_its_own(tmp_path: Path, kept: int) -> None:
    other = Unit("/calls/b.mcap", "b.mp4")
    with ArchiveFolder(tmp_path) as folder:
        folder.commit(UNIT, staged(folder, b"one"))
    index = tmp_path / "index.jsonl"
    whole = index.read_bytes()
    index.write_bytes(whole + whole[:kept])
    with ArchiveFolder(tmp_path) as folder:
        assert len(folder.known(UNIT.name)) == 1
        made = staged(folder, b"two", unit=other)
        folder.commit(other, made)
    with ArchiveFolder(tmp_path) as folder:
        assert len(folder.known(UNIT.name)) == 1
        assert folder.known(other.name) == (made,)


def test_unfinished_files_and_failures_of_the_last_run_are_thrown_away(tmp_path: Path) -> None:
    with ArchiveFolder(tmp_path) as folder:
        folder.fail(UNIT, "of no use\n\x1b]0;x")
    (line,) = (tmp_path / "failed.jsonl").read_text().splitlines()
    assert json.loads(line) == {"file": "/calls/a.mcap", "reason": "of no use\n\x1b]0;x"}
    assert "\x1b" not in line
    left = tmp_path / ".part" / "deadbeef" / "a.mp4"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    with ArchiveFolder(tmp_path) as folder:
        assert not left.exists()
        assert folder.stage.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["index.jsonl"]


def test_one_program_at_a_time(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="needs locks of files")
    with ArchiveFolder(tmp_path):
        with pytest.raises(NodeError, match="another program is making an archive in"), ArchiveFolder(tmp_path):
            pass
        assert (tmp_path / ".part").is_dir()
    with ArchiveFolder(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NodeError, match=r"no folder '.*/no' to make 'out' in: make it first"):
        ArchiveFolder(tmp_path / "no" / "out").__enter__()
    (tmp_path / "file").touch()
    with pytest.raises(NodeError, match=r"cannot write the archive '.*file': it is no folder; name one with --to-dir"):
        ArchiveFolder(tmp_path / "file").__enter__()
    (tmp_path / "odd" / "failed.jsonl").mkdir(parents=True)
    with pytest.raises(NodeError, match=r"cannot write the archive '.*odd': .*: it is about 'failed.jsonl' there"):
        ArchiveFolder(tmp_path / "odd").__enter__()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(NodeError, match=r"cannot write the archive '.*': Permission denied"):
        ArchiveFolder(tmp_path).__enter__()


LINE = json.dumps(
    {"name": "a.mp4", "file": "/a", "key": "0" * 64, "bytes": 3, "mtime_ns": 4, "sha256": "1" * 64}
).encode()


@given(st.lists(st.binary(max_size=100) | st.just(LINE), max_size=8))
def test_any_bytes_are_an_index(lines: list[bytes]) -> None:
    made = read_index(io.BytesIO(b"\n".join([*lines, LINE, b""])))
    assert made["a.mp4"][-1] == MadeFile("0" * 64, 3, 4, "1" * 64)


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"{}",
        b"7",
        b"[" * 50_000,
        LINE.replace(b"3", b"true"),
        LINE.replace(b'"a.mp4"', b"7"),
        LINE[:-9] + b'"}',
        LINE.replace(b"/a", b"/" * 70_000),
    ],
)
def test_what_is_no_line_of_an_index_is_passed_over(line: bytes) -> None:
    assert read_index(io.BytesIO(line + b"\n")) == {}
