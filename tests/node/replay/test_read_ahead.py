"""Records read before their time."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from sessions import FakeSession, came, picture

from node.captions.coder import shipped_codecs
from node.replay import read_ahead
from node.replay.dispatch import MAX_SNAPSHOT_PIXELS, DecodedSnapshot
from node.replay.pictures import PictureReader, ReadFrame
from node.replay.read_ahead import ReadAhead
from protocol.errors import LogError
from protocol.log import Note, Record, Snapshot


def notes(count: int) -> FakeSession:
    return FakeSession([Note(number * 1_000_000, str(number)) for number in range(count)])


def ahead(session: FakeSession, start: float = 0.0, end: float | None = None) -> ReadAhead:
    return ReadAhead(session, PictureReader(shipped_codecs(), (), lambda text: None), start, end)


def taken(found: ReadAhead) -> list[str]:
    return [record.text for record in found if isinstance(record, Note)]


def test_what_is_read_is_ready_and_more_comes_later() -> None:
    found = ahead(notes(10), start=2.0)
    assert not found.has(2.0)
    assert taken(found) == []
    found.read(4.0)
    assert (found.has(4.5), found.has(5.0)) == (True, False)
    assert taken(found) == ["2", "3", "4", "5"]
    found.read(100.0)
    assert found.has(1000.0)
    assert taken(found) == ["6", "7", "8", "9"]


def test_so_many_are_ready_at_most_and_then_some_are_to_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "MOST_READY", 4)
    found = ahead(notes(10))
    found.read(100.0)
    assert found.has(50.0)
    assert next(found) == Note(0, "0")
    assert not found.has(50.0)
    found.read(100.0)
    assert len(taken(found)) == 4


def test_what_keeps_it_from_being_read_comes_in_its_turn() -> None:
    class Damaged(FakeSession):
        def records(self, *how: object, **kinds: object) -> Iterator[Record]:  # type: ignore[override]
            yield Note(0, "before")
            raise LogError("damaged")

    found = ahead(Damaged([Note(0, "before")]))
    found.read(10.0)
    assert found.has(10.0)
    assert next(found) == Note(0, "before")
    with pytest.raises(LogError, match="damaged"):
        next(found)


def _file(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (_file(8, 6), (8, 6)),
        (_file(MAX_SNAPSHOT_PIXELS // 1000 + 1, 1000), None),
        (b"no picture", None),
        (_file(80, 60)[:60], None),
    ],
)
def test_frames_are_read_and_snapshots_opened(data: bytes, size: tuple[int, int] | None) -> None:
    session = FakeSession(
        [came("b", 0, "Ben"), Snapshot(1, 1, "png", data), picture("b", 0.1, "a cat", with_caption=False)]
    )
    found = ahead(session)
    found.read(1.0)
    _, snapshot, frame = found
    assert isinstance(snapshot, DecodedSnapshot)
    assert (None if snapshot.image is None else snapshot.image.size) == size
    assert isinstance(frame, ReadFrame)
    assert frame.recorded is not None
    assert frame.recorded.prompt.text == "a cat"
