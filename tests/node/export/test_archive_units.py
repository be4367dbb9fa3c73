"""Which sessions an archive is of, what they become, and when that is the same again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from node.export.archive_units import (
    FORMATS,
    ArchiveOptions,
    MadeFile,
    digest,
    find_units,
    key_of,
    serial_of,
)
from protocol.errors import NodeError, UsageError

OPTIONS = ArchiveOptions("/out")
FILE, GENERATOR = "f" * 64, "0123456789ab"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """calls/a.mcap, calls/may/a.mcap, calls/may/b.mcap, calls/notes.txt, b.mcap, empty/"""
    monkeypatch.chdir(tmp_path)
    for name in ("calls/may", "empty"):
        Path(name).mkdir(parents=True)
    for name in ("calls/a.mcap", "calls/may/a.mcap", "calls/may/b.mcap", "calls/notes.txt", "b.mcap"):
        Path(name).touch()
    return tmp_path


def names(*given: str, form: str = "mp4") -> list[str]:
    return [unit.name for unit in find_units(map(Path, given), form)[0]]


def test_a_folder_stands_for_the_sessions_in_it_which_lie_in_the_archive_as_they_do_there(here: Path) -> None:
    units, twice = find_units([Path("calls"), Path("b.mcap")], "webm")
    assert [unit.name for unit in units] == ["a.webm", "may/a.webm", "may/b.webm", "b.webm"]
    assert [unit.file for unit in units] == [
        str(here / name) for name in ("calls/a.mcap", "calls/may/a.mcap", "calls/may/b.mcap", "b.mcap")
    ]
    assert twice == []


def test_a_pattern_that_no_shell_expanded_is_expanded_here(here: Path) -> None:
    assert names("calls/*/*.mcap") == ["a.mp4", "b.mp4"]
    assert names(str(here / "calls" / "m*")) == ["a.mp4", "b.mp4"]
    Path("[odd].mcap").touch()
    assert names("[odd].mcap") == ["[odd].mp4"]


def test_a_file_that_does_not_exist_is_a_unit_that_fails_later(here: Path) -> None:
    assert names("gone.mcap", "no/such.mcap") == ["gone.mp4", "such.mp4"]


def test_a_link_to_nowhere_in_a_folder_is_a_unit_that_fails_later(here: Path) -> None:
    Path("calls/moved.mcap").symlink_to("gone.mcap")
    assert names("calls") == ["a.mp4", "may/a.mp4", "may/b.mp4", "moved.mp4"]


def test_a_file_named_twice_is_exported_once(here: Path) -> None:
    Path("link").symlink_to("calls")
    given = [Path("calls/a.mcap"), Path("./calls/../calls/a.mcap"), here / "calls/a.mcap", Path("link/a.mcap")]
    units, twice = find_units(given, "mp4")
    assert [unit.name for unit in units] == ["a.mp4"]
    assert len(twice) == 3
    assert twice[2] == "'link/a.mcap' is named twice, and exported once"


def test_two_sessions_of_one_name_are_wrong_usage(here: Path) -> None:
    with pytest.raises(UsageError, match=r"calls/a.mcap' and '.*may/a.mcap' would both become 'a.mp4'"):
        names("calls/a.mcap", "calls/may/a.mcap")
    with pytest.raises(UsageError, match="would both become"):
        names("gone.mcap", "no/gone.mcap")


@pytest.mark.parametrize("name", ["index.mcap", "failed.mcap"])
def test_the_archives_own_files_are_no_sessions(here: Path, name: str) -> None:
    with pytest.raises(UsageError, match="which is the archive's own: name it differently"):
        names(name, form="jsonl")
    assert names(name) == [f"{name[:-5]}.mp4"]


@pytest.mark.parametrize(
    ("given", "error"), [("empty", "no session .* in the folder 'empty'"), ("x*.mcap", "nothing is named like")]
)
def test_what_has_no_session_is_one_line(here: Path, given: str, error: str) -> None:
    with pytest.raises(NodeError, match=error):
        names(given, "b.mcap")


def test_the_key_follows_from_everything_that_the_bytes_follow_from() -> None:
    def key(
        file: str = FILE, program: str = "pictophone 1", generator: str = GENERATOR, lyra: str = "", **changed: object
    ) -> str:
        return key_of(file, program, generator, lyra, replace(OPTIONS, **changed))  # type: ignore[arg-type]

    different = [
        key(), key("e" * 64), key(program="pictophone 2"), key(generator="other"), key(lyra="abc"), key(start=1.0),
        key(end=9.0), key(pictures=False), key(mark=False), key(who=("Ann",)), key(who=("Ann", "Ben")),
        key(models="people"), *(key(format=form) for form in FORMATS if form != "mp4"),
    ]  # fmt: skip
    assert len(set(different)) == len(different)
    assert key() == key(folder="/elsewhere", force=True, lyra="")
    assert key(format="srt", models="people") == key(format="srt")


def test_the_serial_is_of_31_bits() -> None:
    assert serial_of("f" * 64) == 0x7FFFFFFF
    assert serial_of("00000001" + "f" * 56) == 1


def test_a_made_file_is_known_by_its_size_and_time_and_else_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"whole")
    made = MadeFile("k" * 64, 5, path.stat().st_mtime_ns, digest(path))
    assert made.is_at(path)
    os.utime(path, ns=(1, 1))  # as after a copy
    assert made.is_at(path)
    path.write_bytes(b"other")
    os.utime(path, ns=(1, 1))
    assert not made.is_at(path)
    path.write_bytes(b"half")
    assert not made.is_at(path)
    path.unlink()
    assert not made.is_at(path)
