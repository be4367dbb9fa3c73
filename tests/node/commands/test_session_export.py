"""`session export` of many sessions into a folder, with real workers where it matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import ROOM, Command
from files import written
from sessions import came, picture, spoken, tone

from node.export import archive_process
from protocol.errors import NodeError
from protocol.log.sealing import recording_secret
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

RECORDS = [came("b", 0.1, "Ben"), picture("me", 0.3, "a cat"), *spoken("b", tone(0.3, 500), at=1.0)]
ARCHIVE = ("session", "export", "--to-dir", "out", "--format", "srt", "--jobs", "2")


@pytest.fixture
def calls(tmp_path: Path, command: Command) -> Path:
    """Good ones, a damaged, a foreign, one of this room and one of another."""
    folder = tmp_path / "calls"
    folder.mkdir()
    for name in ("a", "b"):
        written(folder / f"{name}.mcap", RECORDS)
    whole = written(folder / "cut.mcap", RECORDS).read_bytes()
    (folder / "cut.mcap").write_bytes(whole[:-300])
    (folder / "foreign.mcap").write_bytes(b"\x89PNG" * 100)
    written(folder / "sealed.mcap", RECORDS, secret=recording_secret(RoomLink.parse(ROOM).secret))
    written(folder / "others.mcap", RECORDS, secret=recording_secret(RoomSecret(b"garden for tests")))
    return folder


@pytest.fixture
def room_file(tmp_path: Path) -> Path:
    path = tmp_path / "room"
    path.write_text(ROOM)
    path.chmod(0o600)
    return path


def test_good_ones_are_exported_the_others_are_a_line_each(command: Command, calls: Path, room_file: Path) -> None:
    assert command.run(*ARCHIVE, calls, "gone.mcap", "--room-file", room_file).code == 1
    assert command.out == ""
    out = Path("out")
    assert sorted(path.name for path in out.iterdir()) == [
        "a.srt", "b.srt", "cut.srt", "failed.jsonl", "index.jsonl", "sealed.srt",
    ]  # fmt: skip
    assert len({(out / f"{name}.srt").read_text() for name in ("a", "b", "sealed")}) == 1
    reasons = {
        Path(line["file"]).name: line["reason"]
        for line in map(json.loads, (out / "failed.jsonl").read_text().splitlines())
    }
    assert reasons == {
        "foreign.mcap": "not a session: no MCAP file",
        "others.mcap": "this session was sealed in another room: give the one it was recorded in with --room",
        "gone.mcap": f"cannot read '{Path('gone.mcap').absolute()}': No such file or directory",
    }
    lines = command.err.splitlines()
    assert lines[-1] == f"pictophone: {out.absolute()}: 4 exported, 3 failed, see failed.jsonl"
    assert sum(" failed: " in line for line in lines) == 3
    assert any(
        line.endswith("cut.mcap: this session has no end: its recording was cut off, or the file was") for line in lines
    )


def test_another_run_makes_what_is_missing(command: Command, calls: Path) -> None:
    given = (calls / "a.mcap", calls / "b.mcap")
    assert command.run(*ARCHIVE, *given).code == 0
    first = {path.name: path.read_bytes() for path in Path("out").glob("*.srt")}
    Path("out/b.srt").unlink()
    assert command.run(*ARCHIVE, *given, given[0]).code == 0
    assert command.err.splitlines()[-1].endswith("out: 1 exported, 1 there already")
    assert command.err.startswith(f"pictophone: '{given[0]}' is named twice, and exported once\n")
    assert {path.name: path.read_bytes() for path in Path("out").glob("*.srt")} == first


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (["a.mcap", "b.mcap"], "2 files: name the folder to export them to, --to-dir DIR"),
        (["a.mcap", "--jobs", "2"], "--jobs is for many sessions: name their folder, --to-dir DIR"),
        (["a.mcap", "-o", "a.srt", "--format", "srt"], "--format is for many sessions"),
        (["a.mcap", "--ray", "auto"], "--ray is for many sessions"),
        (["a.mcap", "-o", "a.srt", "--to-dir", "out"], "-o is for one session, and --to-dir for many"),
        (["a.mcap", "--to-dir", "out", "--format", "avi"], "no format 'avi': choose one of mp4, webm"),
        (["a.mcap", "--to-dir", "out", "--split"], "--split makes several files a session"),
        (["a.mcap", "--to-dir", "out", "--ray", "auto", "--room", ROOM], "give the room by --room-file FILE"),
        (["a.mcap", "--to-dir", "out", "--ray", "here"], "--ray 'here' is no address: it is local, auto or HOST:PORT"),
        (["a.mcap", "--to-dir", "out", "--ray", "ray://h:1"], "--ray 'ray://h:1' is no address: "),
        (["a.mcap", "--to-dir", "out", "--ray", "h:99999"], "its port is no number from 1 to 65535"),
        (["a.mcap", "--to-dir", "out", "--to", "2", "--until", "2"], "give --to alone"),
        (["a.mcap", "--to-dir", "out", "--from", "2", "--to", "1"], "--to 1 is not after --from 2"),
        (["a.mcap", "x/a.mcap", "--to-dir", "out"], "would both become 'a.mp4'"),
        (["a.mcap", "--to-dir", "out", "--room", ROOM, "--room-file", "room"], "not both"),
    ],
)
def test_wrong_usage_is_one_line(command: Command, given: list[str], error: str) -> None:
    assert error in command.fails("session", "export", *given, code=2)
    assert not Path("out").exists()


def test_what_is_missing_from_the_start_is_one_line(command: Command, calls: Path) -> None:
    Path("empty").mkdir()
    assert "no session (*.mcap) in the folder 'empty'" in command.fails(*ARCHIVE, "empty")
    asked = ("session", "export", calls / "a.mcap", "--to-dir")
    assert "no folder '" in command.fails(*asked, "no/such")
    for given, error in (
        (("--models", "nope"), "no preset 'nope': choose one of"),
        (("--generator", "/nope"), "no model folder '/nope'"),
        (("--lyra", "nope"), "no folder 'nope' with Lyra's model files: check --lyra"),
    ):
        assert error in command.fails(*ARCHIVE, calls / "a.mcap", *given)
        assert not Path("out").exists()
    Path("file").touch()
    assert "cannot write the archive '" in command.fails(*asked, "file")


def test_without_memory_for_a_worker_it_is_one_line(
    command: Command, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> None:
        raise NodeError("cannot start a worker (Cannot allocate memory): give fewer --jobs")

    monkeypatch.setattr(archive_process, "_spawn", refuse)
    assert "give fewer --jobs" in command.fails(*ARCHIVE, calls / "a.mcap")


def test_one_session_is_opened_with_the_room_of_a_file(command: Command, calls: Path, room_file: Path) -> None:
    asked = ("session", "export", calls / "sealed.mcap", "-o", "a.srt")
    assert "give its room with --room" in command.fails(*asked)
    assert command.run(*asked, "--room-file", room_file).code == 0
