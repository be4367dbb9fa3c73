"""What crosses the wire is in the file; a full or slow disk ends the recording, or thins it, and never the call."""

from __future__ import annotations

import errno
import io
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image
from session_files import HEADER, SECRET

from node.captions.coder import Caption, shipped_codecs
from node.recording import recorder as module
from node.recording.reader import SessionReader
from node.recording.recorder import Recorder, without_content
from node.speech.send_stream import SpeechPacket
from node.vision.types import PaintedPicture
from protocol import frames, log
from protocol.errors import NodeError, UsageError
from protocol.rtp.red import Copy
from protocol.signalling import Carries, Hello

CODECS = shipped_codecs()

PATIENCE_S = 20.0
PICTURE = frames.encode(frames.Picture(1, 0, 2, CODECS.encode("a cat on a sofa", 2).data, 3))
SNAPSHOT = Image.new("RGB", (1280, 960), "green")


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def told_everything(recorder: Recorder, clock: Clock) -> None:
    for step in (
        lambda: recorder.joined("b2q", Hello(1, "Bob", Carries.SPEECH_IN | Carries.PICTURES_OUT)),
        lambda: recorder.speech_sent(
            SpeechPacket(b"\x08one", (1 << 32) + 5, 0.0, True, 120, (Copy(8640, b"\x08zero"),))
        ),
        lambda: recorder.speech_sent(SpeechPacket(b"\x08two", (1 << 32) + 5765, 0.0, True, 120)),
        lambda: recorder.speech_received("b2q", 65_535, 7, b"\x08three", [Copy(960, b"\x08early")]),
        lambda: recorder.captioned(SNAPSHOT, 1, "a cat on a sofa"),
        lambda: recorder.frame_sent(PICTURE, Caption("a cat on a sofa", 23)),
        lambda: recorder.frame_received("b2q", frames.encode(frames.Hold(4))),
        lambda: recorder.painted(PaintedPicture("b2q", 1, "a cat", 0, SNAPSHOT)),
        lambda: recorder.noted("Bob is here"),
        lambda: recorder.record_meters({"lost": 2}),
        lambda: recorder.left("b2q"),
    ):
        clock.now += 0.5
        step()


EVERYTHING: list[log.Record] = [
    log.Joined(500_000, "b2q", "Bob", 6),
    log.Speech(1_000_000, "a7k", 0, 5, b"\x08one", (Copy(8640, b"\x08zero"),)),
    log.Speech(1_500_000, "a7k", 1, 5765, b"\x08two"),
    log.Speech(2_000_000, "b2q", 65_535, 7, b"\x08three", (Copy(960, b"\x08early"),)),
    log.Frame(3_000_000, "a7k", PICTURE, "a cat on a sofa"),
    log.Frame(3_500_000, "b2q", frames.encode(frames.Hold(4))),
    log.Note(4_500_000, "Bob is here"),
    log.Meters(5_000_000, {"lost": 2}),
    log.Left(5_500_000, "b2q"),
]


def finished(recorder: Recorder) -> str:
    recorder.stop()
    assert recorder.join(PATIENCE_S)
    return recorder.outcome


def test_all_that_crosses_the_wire_is_there(tmp_path: Path) -> None:
    clock, path, ended = Clock(), tmp_path / "call.mcap", threading.Event()
    recorder = Recorder(path, HEADER, clock=clock, ended=ended.set)
    told_everything(recorder, clock)
    assert finished(recorder) == f"recorded 0:05 to {path}"
    assert ended.is_set()
    with SessionReader.open(path) as session:
        assert list(session.records()) == EVERYTHING
        assert session.complete
        assert (session.header.name, session.header.node, session.header.monotonic_s) == ("Ann", "a7k", 50.0)
        assert session.header.started_ns > HEADER.started_ns - (1 << 60)


def test_snapshots_are_kept_when_asked(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "call.mcap"
    recorder = Recorder(path, HEADER, clock=clock, keep_snapshots=True)
    told_everything(recorder, clock)
    finished(recorder)
    with SessionReader.open(path) as session:
        (snapshot,) = session.records(kinds=(log.Snapshot,))
        assert len(list(session.records())) == len(EVERYTHING) + 1
    assert isinstance(snapshot, log.Snapshot)
    assert (snapshot.at_us, snapshot.sequence, snapshot.format) == (2_500_000, 1, "webp")
    with Image.open(io.BytesIO(snapshot.data)) as image:
        assert (image.format, image.size) == ("WEBP", (640, 480))


def test_a_sealed_recording(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "call.mcap"
    recorder = Recorder(path, HEADER, clock=clock, secret=SECRET)
    told_everything(recorder, clock)
    finished(recorder)
    assert b"Bob" not in path.read_bytes()
    with SessionReader.open(path, SECRET) as session:
        assert list(session.records()) == EVERYTHING
        assert session.complete


def test_what_held_before_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "call.mcap"
    already = [log.Joined(0, "b2q", "Bob"), log.Frame(0, "b2q", PICTURE, "a cat on a sofa")]
    recorder = Recorder(path, HEADER, already=already)
    recorder.left("b2q")
    finished(recorder)
    with SessionReader.open(path) as session:
        first, second, third = session.records()
    assert (first, second) == tuple(already)
    assert isinstance(third, log.Left)


def test_frames_that_nobody_read_are_kept_without_words(tmp_path: Path) -> None:
    path = tmp_path / "call.mcap"
    recorder = Recorder(path, HEADER)
    unknown = frames.encode(frames.Picture(1, 0, 99, b"?", 0))
    for frame in (b"\xff", unknown, PICTURE):
        recorder.frame_received("b2q", frame)
    finished(recorder)
    with SessionReader.open(path) as session:
        assert [(one.frame, one.caption) for one in session.records() if isinstance(one, log.Frame)] == [
            (b"\xff", None),
            (unknown, None),
            (PICTURE, None),
        ]


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "call.mcap"
    path.write_text("something dear")
    with pytest.raises(UsageError, match="exists already"):
        Recorder(path, HEADER)
    assert path.read_text() == "something dear"


class FullDisk(io.FileIO):
    """A file on a disk with room for so many bytes."""

    room = 0

    def write(self, data: object) -> int:
        size = memoryview(data).nbytes  # type: ignore[arg-type]
        if size > self.room:
            super().write(memoryview(data)[: self.room])  # type: ignore[arg-type]
            self.room = 0
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= size
        return super().write(data)  # type: ignore[arg-type]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the next recordings' disk have room for so many bytes, and writes every few milliseconds."""
    monkeypatch.setattr(module, "CHUNK_S", 0.005)

    def make(room: int) -> None:
        def create(path: Path) -> BinaryIO:
            raw = FullDisk(path, "xb")
            raw.room = room
            return io.BufferedWriter(raw)

        monkeypatch.setattr(module, "create_file", create)

    return make


@pytest.mark.parametrize("room", [0, 100, 4000, 9000])
def test_a_full_disk_ends_the_recording_and_nothing_else(
    disk: Callable[[int], None], room: int, tmp_path: Path
) -> None:
    disk(room)
    path, ended = tmp_path / "call.mcap", threading.Event()
    recorder = Recorder(path, HEADER, ended=ended.set)
    for number in range(100_000):
        recorder.speech_received("b2q", number % 65_536, number * 960, number.to_bytes(60), ())
        if ended.wait(0.001):
            break
    assert recorder.outcome == f"no longer recording: cannot write {str(path)!r}: No space left on device"
    recorder.left("b2q")  # the call goes on
    assert recorder.join(PATIENCE_S)
    assert path.exists() is (room >= 4000)  # nothing stays of what cannot even begin
    if room > 4000:
        with SessionReader.open(path) as session:
            assert [one.sequence for one in session.records()] == list(range(len(list(session.records()))))  # type: ignore[union-attr]
            assert session.duration_s > 0
            assert session.damage == 0


def test_dev_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    monkeypatch.setattr(module, "create_file", lambda path: full.open("wb"))
    recorder = Recorder(tmp_path / "call.mcap", HEADER)
    assert recorder.join(PATIENCE_S)
    assert "No space left on device" in recorder.outcome


def test_whatever_goes_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*what: object) -> bytes:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(module, "_as_webp", broken)
    path = tmp_path / "call.mcap"
    recorder = Recorder(path, HEADER, keep_snapshots=True)
    recorder.captioned(SNAPSHOT, 1, "a cat")
    outcome = finished(recorder)
    assert outcome.startswith(
        f"no longer recording to {str(path)!r}: a fault of this program, ZeroDivisionError at test_rec"
    )
    assert "a bug" not in outcome


def test_a_disk_that_stands_still_costs_packets_and_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    path = tmp_path / "call.mcap"
    recorder = Recorder(path, HEADER)
    for number in range(25):
        recorder.speech_received("b2q", number, number * 960, b"\x08", ())
    assert "the disk was too slow for 15 packets, which are not in it" in finished(recorder)
    with SessionReader.open(path) as session:
        assert len(list(session.records())) == 10


def _spoken(recorder: Recorder, sequences: range) -> None:
    for number in sequences:
        recorder.speech_received("b2q", number, number * 960, b"\x08", ())


def test_a_recording_whose_folder_is_deleted_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_S", 0.005)
    path, ended = tmp_path / "calls" / "call.mcap", threading.Event()
    path.parent.mkdir()
    recorder = Recorder(path, HEADER, ended=ended.set)
    _spoken(recorder, range(3))
    shutil.rmtree(path.parent)
    assert ended.wait(PATIENCE_S)
    assert recorder.outcome == f"no longer recording: {str(path)!r} was deleted, and what was recorded with it"


def test_a_recording_that_is_deleted_just_before_the_end_is_not_said_to_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "call.mcap"
    recorder = Recorder(path, HEADER)
    path.unlink()
    assert "was deleted" in finished(recorder)


def test_a_recording_that_is_moved_goes_on_where_it_is(tmp_path: Path) -> None:
    path, moved = tmp_path / "call.mcap", tmp_path / "elsewhere.mcap"
    recorder = Recorder(path, HEADER)
    path.rename(moved)
    path.write_text("another file")
    _spoken(recorder, range(3))
    assert finished(recorder) == f"recorded 0:00 to {path}; this file was moved meanwhile to {moved}"
    assert path.read_text() == "another file"
    with SessionReader.open(moved) as session:
        assert len(list(session.records())) == 3


def test_what_cannot_be_written_is_left_out_and_the_rest_is_there(tmp_path: Path) -> None:
    """A sequence number that no packet can have; half a character is written as a question mark."""
    path = tmp_path / "call.mcap"
    recorder = Recorder(path, HEADER)
    recorder.noted("before")
    recorder.speech_received("b2q", 1 << 70, 960, b"packet", ())
    recorder.noted("after \udc80")
    outcome = finished(recorder)
    assert outcome == f"recorded 0:00 to {path}; 1 record could not be written"
    with SessionReader.open(path) as session:
        assert [record.text for record in session.records() if isinstance(record, log.Note)] == ["before", "after ?"]


def test_a_full_disk_ends_it_where_it_is_and_spares_a_file_of_its_name(
    disk: Callable[[int], None], tmp_path: Path
) -> None:
    disk(4000)
    path, moved, ended = tmp_path / "call.mcap", tmp_path / "elsewhere.mcap", threading.Event()
    recorder = Recorder(path, HEADER, ended=ended.set)
    path.rename(moved)
    path.write_text("another file")
    for number in range(100_000):
        recorder.speech_received("b2q", number % 65_536, number * 960, number.to_bytes(60), ())
        if ended.wait(0.001):
            break
    assert path.read_text() == "another file"
    assert moved.stat().st_size <= 4000


def test_a_file_made_beside_the_call(tmp_path: Path) -> None:
    path, opened = tmp_path / "call.mcap", threading.Event()
    recorder = Recorder(path, HEADER, opened=opened.set)
    _spoken(recorder, range(3))
    assert finished(recorder) == f"recorded 0:00 to {path}"
    assert opened.is_set()
    with SessionReader.open(path) as session:
        assert len(list(session.records())) == 3


def test_a_file_that_cannot_be_made_beside_the_call_is_told_of(tmp_path: Path) -> None:
    path, opened, ended = tmp_path / "no" / "call.mcap", threading.Event(), threading.Event()
    recorder = Recorder(path, HEADER, opened=opened.set, ended=ended.set)
    assert ended.wait(PATIENCE_S)
    assert recorder.outcome == f"cannot record to {str(path)!r}: No such file or directory"
    assert not opened.is_set()


@pytest.mark.parametrize(("limit", "packets", "shots"), [("MAX_WAITING_BYTES", 2, 4), ("MAX_WAITING_SNAPSHOTS", 5, 2)])
def test_large_packets_and_snapshots_do_not_fill_the_memory(
    limit: str, packets: int, shots: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, limit, 2)
    recorder = Recorder(tmp_path / "call.mcap", HEADER, keep_snapshots=True)
    for number in range(5):
        recorder.speech_received("b2q", number, 0, b"\x08", ())
        recorder.captioned(SNAPSHOT, number, "a cat")
    recorder.left("b2q")
    assert f"too slow for {10 - packets - shots} packets" in finished(recorder)
    with SessionReader.open(tmp_path / "call.mcap") as session:
        found = list(session.records())
    assert sum(isinstance(record, log.Speech) for record in found) == packets
    assert sum(isinstance(record, log.Snapshot) for record in found) == shots
    assert isinstance(found[-1], log.Left)


def test_a_fault_is_described_without_its_content() -> None:
    try:
        "my secret \udc80".encode()
    except UnicodeEncodeError as error:
        fault = without_content(error)
    assert fault.startswith("UnicodeEncodeError at test_recorder.py:")
    assert "secret" not in fault


def test_a_fault_that_was_never_raised() -> None:
    assert without_content(ValueError("secret")) == "ValueError"


@pytest.mark.parametrize("secret", [None, SECRET])
def test_what_waited_for_a_slow_disk_is_found_from_any_moment_on(tmp_path: Path, secret: bytes | None) -> None:
    clock, path = Clock(), tmp_path / "call.mcap"
    recorder = Recorder(path, HEADER, secret=secret, clock=clock)
    for number in range(500):  # a minute, all of which is written at once
        clock.now = 50 + number * 0.12
        recorder.speech_received("b2q", number, number * 5760, b"\x08word", [])
    finished(recorder)
    with SessionReader.open(path, secret) as session:
        assert session.duration_s == pytest.approx(499 * 0.12)
        for start in (1.0, 30.0, 59.0):
            found = [record.at_us for record in session.records(start)]
            assert found == [round(number * 0.12e6) for number in range(500) if number * 0.12 >= start]


@pytest.mark.parametrize("name", ["a\0b.mcap", "a\ud800.mcap"])
def test_a_name_that_no_file_can_have_is_said_and_ends_only_the_recording(tmp_path: Path, name: str) -> None:
    ended = threading.Event()
    recorder = Recorder(tmp_path / name, HEADER, opened=lambda: None, ended=ended.set)
    assert ended.wait(PATIENCE_S)
    assert recorder.outcome.startswith("cannot record to ")
    with pytest.raises(NodeError, match="cannot record to"):
        Recorder(tmp_path / name, HEADER)
