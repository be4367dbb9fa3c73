"""A worker of an archive: what it makes, what it leaves alone, and how a failure is told from another."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from files import written
from PIL import Image
from sessions import HEADER as ANNS
from sessions import came, picture, spoken, tone, went

from node.export import archive_worker
from node.export.archive_units import ArchiveOptions, MadeFile, Outcome, Unit
from node.export.archive_worker import ArchiveWorker, ResidentPainter
from node.vision import ipc, model_server
from protocol.errors import NodeError
from protocol.log.sealing import recording_secret
from protocol.room_secret import RoomSecret

HEADER = replace(ANNS, models={"generator": "test/painter"})
RECORDS = [
    came("b", 0.1, "Ben"), picture("me", 0.3, "a cat"), picture("b", 0.4, "a dog"),
    *spoken("b", tone(0.6, 500), at=1.0), went("b", 2.0),
]  # fmt: skip
KITCHEN, GARDEN = (recording_secret(RoomSecret(text)) for text in (b"kitchen for test", b"a garden for now"))


class Models:
    """Stands in for `ModelServer`; `loads` has what was loaded, and `faults` what goes wrong instead, by request."""

    loads: list[str]
    faults: dict[type, str]

    def __init__(self, loaded: Any) -> None:
        self.loaded = loaded

    def serve(self, request: Any) -> Any:
        if type(request) in self.faults:
            return ipc.Failed(self.faults[type(request)])
        if isinstance(request, ipc.LoadModel):
            self.loads.append(request.model)
            return ipc.Ready()
        return ipc.image_reply(Image.new("RGB", (16, 16), (request.seed & 255, len(request.text), 0)))


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> type[Models]:
    monkeypatch.setattr(Models, "loads", [], raising=False)
    monkeypatch.setattr(Models, "faults", {}, raising=False)
    monkeypatch.setattr(model_server, "ModelServer", Models)
    monkeypatch.setattr(archive_worker, "version_of", lambda model: f"version of {model}")
    return Models


class Place:
    """A session, and a worker with a folder to export it to."""

    def __init__(self, path: Path, secret: bytes | None = None, **options: Any) -> None:
        self.file = path / "a.mcap"
        if not self.file.exists():
            written(self.file, RECORDS, HEADER)
        self.out, self.stage = path / "out", path / "out/.part/1"
        self.stage.mkdir(parents=True, exist_ok=True)
        self.options = ArchiveOptions(str(self.out), **{"format": "srt"} | options)
        self.worker = ArchiveWorker(self.options, str(self.stage), secret)
        self.name = f"a.{self.options.format}"

    def export(self, *known: MadeFile) -> Outcome:
        return self.worker.export(Unit(str(self.file), self.name, known))

    def finish(self, made: MadeFile | None) -> MadeFile:
        assert made is not None
        assert made.is_at(self.stage / self.name)
        (self.stage / self.name).replace(self.out / self.name)
        return made


def test_a_unit_is_exported_into_the_stage_and_another_time_is_there_already(tmp_path: Path) -> None:
    place = Place(tmp_path)
    made = place.finish(place.export().made)
    assert "Ann: a cat" in (place.out / "a.srt").read_text()
    assert place.export(made) == Outcome(skipped=True)
    assert list(place.stage.iterdir()) == []


def test_another_session_or_other_options_are_exported_anew(tmp_path: Path) -> None:
    place = Place(tmp_path)
    made = place.finish(place.export().made)
    other = Place(tmp_path, end=1.0).export(made).made
    assert other is not None
    assert other.key != made.key
    written(place.file, RECORDS[:3], HEADER)
    again = place.export(made).made
    assert again is not None
    assert again.key not in (made.key, other.key)
    forced = Place(tmp_path, force=True)
    assert forced.export(again).made == replace(again, mtime_ns=(forced.stage / "a.srt").stat().st_mtime_ns)


def test_what_the_archive_did_not_make_is_left_alone_unless_forced(tmp_path: Path) -> None:
    place = Place(tmp_path)
    made = place.finish(place.export().made)
    (place.out / "a.srt").write_text("mine")
    for known in ((), (made,)):
        outcome = place.export(*known)
        assert (outcome.made, outcome.lasting) == (None, True)
        assert outcome.reason == f"'{place.out}/a.srt' exists already, not by this archive: move it, or give --force"
    assert Place(tmp_path, force=True).export().made is not None


def test_what_is_no_session_fails_for_good(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.file.write_bytes(b"nothing of the kind" * 100)
    assert place.export() == Outcome(reason="not a session: no MCAP file", lasting=True)


def test_a_session_of_another_room_or_without_one_fails_for_good(tmp_path: Path) -> None:
    written(tmp_path / "a.mcap", RECORDS, HEADER, KITCHEN)
    assert Place(tmp_path).export() == Outcome(reason="this session is sealed: give its room with --room", lasting=True)
    assert "sealed in another room" in Place(tmp_path, GARDEN).export().reason
    assert Place(tmp_path, KITCHEN).export().made is not None


def test_a_file_that_cannot_be_read_may_be_there_later(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.file.unlink()
    assert place.export() == Outcome(reason=f"cannot read '{place.file}': No such file or directory")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.file.unlink()
    os.mkfifo(place.file)
    assert place.export() == Outcome(reason=f"cannot read '{place.file}': it is a named pipe")


def test_a_session_that_is_still_being_recorded_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path)
    export_session = archive_worker.export_session

    async def meanwhile(*given: Any) -> None:
        await export_session(*given)
        with place.file.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(archive_worker, "export_session", meanwhile)
    outcome = place.export()
    assert (outcome.made, outcome.lasting) == (None, False)
    assert "changed while it was exported" in outcome.reason


@pytest.mark.parametrize("number", [28, 122])
def test_a_full_disk_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    place = Place(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(number, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    outcome = place.export()
    assert outcome.full
    assert outcome.reason == f"cannot write '{place.out}/a.srt': No space left on device"
    assert list(place.stage.iterdir()) == []


def test_remarks_on_a_damaged_session_come_with_what_is_left_of_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.file.write_bytes(place.file.read_bytes()[:-300])
    outcome = place.export()
    assert outcome.made is not None
    assert any("has no end" in note for note in outcome.notes)


def test_a_generator_is_loaded_once_for_all_sessions_that_want_it(tmp_path: Path, models: type[Models]) -> None:
    place = Place(tmp_path, format="html")
    key = place.export().made
    place.export()
    assert models.loads == ["test/painter"]
    written(place.file, RECORDS, replace(HEADER, models={"generator": "another/painter"}))
    other = place.export().made
    assert models.loads == ["test/painter", "another/painter"]
    assert key is not None
    assert other is not None
    assert key.key != other.key


def test_without_pictures_nothing_is_loaded(tmp_path: Path, models: type[Models]) -> None:
    assert Place(tmp_path, format="html", pictures=False).export().made is not None
    assert models.loads == []


def test_without_a_generator_a_session_is_not_exported_without_pictures(tmp_path: Path, models: type[Models]) -> None:
    models.faults = {ipc.LoadModel: "no generator here"}
    assert Place(tmp_path, format="html").export() == Outcome(reason="no pictures: no generator here")


def test_nor_is_it_when_a_picture_fails(tmp_path: Path, models: type[Models]) -> None:
    models.faults = {ipc.PaintImage: "RuntimeError: out of memory"}
    assert Place(tmp_path, format="html").export() == Outcome(
        reason="the generator failed: RuntimeError: out of memory"
    )


def test_a_picture_that_no_generator_could_paint_costs_only_itself(tmp_path: Path, models: type[Models]) -> None:
    models.faults = {ipc.PaintImage: "LookError: a look of 3 bytes"}
    outcome = Place(tmp_path, format="html").export()
    assert outcome.made is not None
    assert outcome.notes == ("the generator failed: LookError: a look of 3 bytes",)


def test_a_generator_that_is_fetched_first_has_its_version_in_the_key(
    models: type[Models], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_worker, "version_of", lambda model: "fetched" if model in models.loads else "")
    painter = ResidentPainter()
    assert painter.version(HEADER, None, None) == "fetched"
    assert models.loads == ["test/painter"]


def test_a_generator_that_is_nowhere_is_one_line() -> None:
    with pytest.raises(NodeError, match="no model folder '/no/such'"):
        ResidentPainter().version(replace(HEADER, models={"generator": "/no/such"}), None, None)


@pytest.mark.parametrize("form", ["mp4", "webm", "opus", "srt", "html", "jsonl"])
def test_two_workers_make_the_same_bytes(tmp_path: Path, models: type[Models], form: str) -> None:
    first = Place(tmp_path, format=form).export().made
    second = Place(tmp_path, format=form).export().made
    assert first is not None
    assert second is not None
    assert (first.key, first.sha256) == (second.key, second.sha256)
