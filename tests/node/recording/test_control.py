"""Recordings that begin and end while a call runs."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from happenings import Happenings
from PIL import Image
from session_files import HEADER

from node.call.observers import Observers
from node.call.stats import CallStats
from node.captions.coder import Caption
from node.common.config import Settings
from node.recording import control, recorder
from node.recording.control import CallSnapshot, RecordingControl, read_meters
from node.recording.reader import SessionReader
from protocol import frames, log
from protocol.errors import NodeError, UsageError
from protocol.log.sealing import recording_secret
from protocol.room_secret import RoomSecret
from protocol.signalling import Carries, Hello

FULL = Path("/dev/full")
GARDEN = RoomSecret(b"the garden" + bytes(6))
BOB = Hello(1, "Bob", Carries.PICTURES_OUT)


class Someone:
    """What a recording asks of a node."""

    id = "a7k"

    def __init__(self) -> None:
        self.observers = Observers()

    def count(self) -> CallStats:
        return CallStats(0.0, "lean")

    def delay_ms(self) -> float | None:
        return 200.0


@pytest.fixture
def node() -> Any:
    return Someone()


@pytest.fixture
def notes() -> Happenings:
    return Happenings()


def _exists(path: Path) -> bool:
    return path.exists()


def _records(path: Path, secret: bytes | None = None) -> list[log.Record]:
    with SessionReader.open(path, secret) as session:
        assert session.complete
        assert session.header.node == "a7k"
        return list(session.records())


async def test_from_the_first_moment_to_the_last(node: Any, notes: Happenings, tmp_path: Path) -> None:
    path = tmp_path / "call.mcap"
    with RecordingControl(node, HEADER, notes.add, path=path) as held:
        assert held.path == path
        node.observers.joined("b2q", BOB)
        node.observers.left("b2q")
    assert notes.all == [f"recording to {path}", f"recorded 0:00 to {path}"]
    joined, left, meters = _records(path)
    assert isinstance(joined, log.Joined)
    assert isinstance(left, log.Left)
    assert isinstance(meters, log.Meters)
    node.observers.joined("b2q", BOB)
    assert len(_records(path)) == 3


async def test_begun_in_the_middle_it_knows_who_is_here(
    node: Any, notes: Happenings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = frames.encode(frames.Picture(4, 0, 0, b"a cat", 0))
    with RecordingControl(node, HEADER, notes.add) as held:
        node.observers.joined("b2q", BOB)
        node.observers.frame_received("b2q", frame, Caption("a cat"))
        assert held.path is None
        held.toggle()
        path = held.path
        assert path is not None
        assert re.fullmatch(r"call-\d{8}-\d{6}\.mcap", str(path))
        await notes.count(1)
        held.start(tmp_path / "another.mcap")
        held.toggle()
        await notes.until(lambda all: any("recorded" in line for line in all))
        assert held.path is None
        held.stop()
    assert notes.all == [
        f"recording to {path}",
        f"already recording to {path}; /stop ends that",
        f"recorded 0:00 to {path}",
        "not recording",
    ]
    assert _records(path)[:2] == [log.Joined(0, "b2q", "Bob", 4), log.Frame(0, "b2q", frame, "a cat")]


async def test_one_after_the_other(node: Any, notes: Happenings, tmp_path: Path) -> None:
    with RecordingControl(node, HEADER, notes.add, path=tmp_path / "1.mcap") as held:
        held.stop()
        await notes.count(2)
        held.start(tmp_path / "2.mcap")
        node.observers.noted("hello")
    assert any(isinstance(record, log.Note) for record in _records(tmp_path / "2.mcap"))
    assert not any(isinstance(record, log.Note) for record in _records(tmp_path / "1.mcap"))


async def test_meters_are_read_now_and_then(
    node: Any, notes: Happenings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "METERS_EVERY_S", 0.001)
    read = Happenings()
    count = node.count
    monkeypatch.setattr(node, "count", lambda: read.add("count") or count())
    with RecordingControl(node, HEADER, notes.add, path=tmp_path / "call.mcap"):
        await read.count(3)
    meters = _records(tmp_path / "call.mcap")
    assert len(meters) >= 4
    assert all(isinstance(record, log.Meters) and record.values["delay_ms"] == 200.0 for record in meters)


@pytest.mark.parametrize("began", [True, False])
async def test_a_call_that_never_began_leaves_no_file(
    node: Any, notes: Happenings, tmp_path: Path, began: bool
) -> None:
    path = tmp_path / "call.mcap"
    with pytest.raises(NodeError), RecordingControl(node, HEADER, notes.add, path=path):
        if began:
            node.observers.joined("b2q", BOB)
        raise NodeError("no broker there")
    assert _exists(path) == began
    assert notes.all[1:] == [f"recorded 0:00 to {path}"] * began


async def test_a_file_that_exists_is_refused_at_the_beginning(node: Any, notes: Happenings, tmp_path: Path) -> None:
    path = tmp_path / "call.mcap"
    path.touch()
    with pytest.raises(UsageError, match="exists already"), RecordingControl(node, HEADER, notes.add, path=path):
        pass
    with RecordingControl(node, HEADER, notes.add) as held:
        held.start(path)
        await notes.count(1)
        assert held.path is None
    assert notes.all == [f"{str(path)!r} exists already: name another file, or move this one away"]


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
async def test_a_full_disk_is_told_once_and_the_call_goes_on(
    node: Any, notes: Happenings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "create_file", lambda path: FULL.open("wb"))
    with RecordingControl(node, HEADER, notes.add, path=tmp_path / "call.mcap") as held:
        await notes.count(2)
        assert held.path is None
        node.observers.joined("b2q", BOB)
    assert len(notes) == 2
    assert notes.all[1].startswith("no longer recording: cannot write")


async def test_a_disk_that_never_answers_does_not_hold_the_end(
    node: Any, notes: Happenings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "PATIENCE_S", 0.05)
    answer = threading.Event()
    writer = recorder.SessionWriter

    def slow(*what: Any) -> Any:
        answer.wait()
        return writer(*what)

    monkeypatch.setattr(recorder, "SessionWriter", slow)
    path = tmp_path / "call.mcap"
    with RecordingControl(node, HEADER, notes.add, path=path):
        pass
    assert notes.all[1] == f"the disk is too slow for the recording: the end of {path} may be missing"
    answer.set()


@pytest.mark.parametrize("sealed", [False, True])
async def test_as_the_settings_have_it(node: Any, notes: Happenings, tmp_path: Path, sealed: bool) -> None:
    path = tmp_path / "call.mcap"
    settings = Settings(record=path, keep_snapshots=True, seal_recording=sealed)
    with control.recording_control(node, settings, HEADER, notes.add, GARDEN):
        node.observers.captioned(Image.new("RGB", (8, 8)), 1, "nothing")
    assert notes.all[0] == f"recording to {path}{', sealed' if sealed else ''}"
    secret = recording_secret(GARDEN) if sealed else None
    assert any(isinstance(record, log.Snapshot) for record in _records(path, secret))


async def test_what_no_room_seals_is_not_recorded_openly(node: Any, notes: Happenings, tmp_path: Path) -> None:
    path = tmp_path / "call.mcap"
    for seals, said in ((True, control.UNSEALED), (False, f"recording to {path}")):
        with control.recording_control(node, Settings(seal_recording=seals), HEADER, notes.add, room=None) as held:
            held.start(path)
        assert (notes.all[0], len(notes.all) == 1) == (said, seals)
        notes.all.clear()


def counted(delay_ms: float | None) -> Any:
    tally = CallStats(0.0, "lean")
    tally.speech_in.lost, tally.speech_in.concealed_ms = 3, 240.4
    tally.meter.sent["rtp"].add(170)
    tally.sent_level.add(-20.04, 1.0)
    return SimpleNamespace(count=lambda: tally, delay_ms=lambda: delay_ms)


def test_what_is_known_is_told_and_nothing_else() -> None:
    values = read_meters(counted(None))
    assert values == {
        "sent_bytes": 170,
        "received_bytes": 0,
        "lost": 3,
        "late": 0,
        "concealed_ms": 240,
        "underruns": 0,
        "said_dbfs": -20.0,
    }
    assert read_meters(counted(201.26)) == {**values, "delay_ms": 201.3}


def _picture(sequence: int) -> bytes:
    return frames.encode(frames.Picture(sequence, 0, 0, b"a cat", 0))


def test_the_newest_of_each_who_is_here() -> None:
    snapshot = CallSnapshot("a7k")
    assert snapshot.records() == []
    snapshot.joined("b2q", BOB)
    snapshot.joined("c3d", Hello(2, "Cat", Carries.NOTHING))
    snapshot.frame_sent(_picture(1))
    snapshot.frame_received("b2q", _picture(1))
    snapshot.frame_received("b2q", _picture(2), Caption("a cat"))
    snapshot.frame_received("b2q", frames.encode(frames.Hold(2)))
    snapshot.frame_received("c3d", _picture(9))
    snapshot.frame_sent(b"\xff")
    snapshot.left("c3d")
    snapshot.left("nobody")
    assert snapshot.records() == [
        log.Joined(0, "b2q", "Bob", 4),
        log.Frame(0, "a7k", _picture(1)),
        log.Frame(0, "b2q", _picture(2), "a cat"),
    ]
