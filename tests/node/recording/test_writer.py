"""A session's file: whole MCAP, on the disk after every write, and never written over another."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pytest
from mcap.exceptions import EndOfFile
from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from session_files import HEADER, SECRET, STARTED_NS, made_up, write

from node.recording.writer import CHUNK_S, FileLocation, SessionWriter, create_file, locate
from protocol import log
from protocol.errors import NodeError, UsageError


def test_other_mcap_tools_read_it(tmp_path: Path) -> None:
    records = made_up()
    path = write(tmp_path / "call.mcap", records)
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        assert reader.get_header().profile == "pictophone"
        (metadata,) = reader.iter_metadata()
        assert (metadata.name, metadata.metadata["format"]) == ("pictophone", "1")
        found = [(channel.topic, schema.name, message) for schema, channel, message in reader.iter_messages()]
        captions = [
            (json.loads(message.data)["caption"], message.log_time - STARTED_NS)
            for topic, _, message in found
            if topic == "/frames"
        ]
    assert captions == [(one.caption, one.at_us * 1000) for one in records if isinstance(one, log.Frame)]
    assert {topic for topic, _, _ in found} == {"/session", "/speech", "/frames", "/people", "/notes", "/meters"}


def test_chunks_hold_less_than_two_seconds(tmp_path: Path) -> None:
    path = write(tmp_path / "call.mcap", made_up())
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    starts = [chunk.message_start_time for chunk in summary.chunk_indexes]
    assert len(starts) == 12  # the header's own, and 20 s
    assert max(b - a for a, b in pairwise(starts)) < 2e9
    assert CHUNK_S < 2


def test_what_was_written_has_left_the_process(tmp_path: Path) -> None:
    path, records = tmp_path / "call.mcap", made_up()
    with create_file(path) as stream:
        writer = SessionWriter(stream, HEADER)
        sizes = [path.stat().st_size]
        for at in range(0, 60, 10):
            writer.write(records[at : at + 10])
            sizes.append(path.stat().st_size)
            with path.open("rb") as file:
                topics = [type(record).__name__ for record in _until_cut(file)]
            assert topics.count("Chunk") == 2 + at // 10
        writer.write([])
        assert path.stat().st_size == sizes[-1]
    assert sizes == sorted(set(sizes))


def _until_cut(file: io.BufferedReader) -> Iterator[object]:
    """The records of a file without an end: the reader fails where it stops."""
    with contextlib.suppress(EndOfFile):
        yield from StreamReader(file, emit_chunks=True).records


def test_a_sealed_file_tells_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "sealed.mcap", made_up(), secret=SECRET)
    data = path.read_bytes()
    for content in (b"Ann", b"Bob", b"picture 1", b"a7k"):
        assert content not in data
    with path.open("rb") as file:
        topics = {channel.topic for _, channel, _ in make_reader(file, validate_crcs=True).iter_messages()}
    assert topics == {"/sealed"}


def test_two_sealed_files_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = (write(tmp_path / name, made_up(), secret=SECRET).read_bytes() for name in ("1.mcap", "2.mcap"))
    assert one[6000:7000] != other[6000:7000]  # the blocks: what comes after is the index


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "call.mcap"
    path.write_text("something dear")
    with pytest.raises(UsageError, match="exists already: name another file"):
        create_file(path)
    assert path.read_text() == "something dear"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"cannot record to .*: No such file or directory"):
        create_file(tmp_path / "nowhere" / "call.mcap")


SYSTEM_TELLS = sys.platform == "linux"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "here.mcap"


@pytest.fixture
def file(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        yield file


def test_it_is_where_it_was_made(file: BinaryIO, path: Path) -> None:
    assert locate(file, path) == FileLocation(path)


def test_it_was_deleted(file: BinaryIO, path: Path) -> None:
    path.unlink()
    assert locate(file, path) == FileLocation(None, is_deleted=True)
    path.write_text("another")
    assert locate(file, path) == FileLocation(None, is_deleted=True)


def test_it_was_moved(file: BinaryIO, path: Path) -> None:
    moved = path.rename(path.with_name("there.mcap"))
    expected = FileLocation(moved if SYSTEM_TELLS else None)
    assert locate(file, path) == expected
    path.write_text("another")
    assert locate(file, path) == expected


def test_its_folder_was_moved(file: BinaryIO, path: Path) -> None:
    folder = path.parent.rename(path.parent.with_name("elsewhere"))
    assert locate(file, path) == FileLocation(folder / path.name if SYSTEM_TELLS else None)


def test_by_the_name_that_nfs_gives_what_was_deleted(file: BinaryIO, path: Path) -> None:
    path.rename(path.with_name(".nfs0000000000000001"))
    assert locate(file, path).is_deleted == SYSTEM_TELLS


def test_a_closed_file_says_nothing(file: BinaryIO, path: Path) -> None:
    file.close()
    assert locate(file, path) == FileLocation(path)
