"""What is in a chunk of an MCAP file, and what the file says of itself."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from mcap.writer import CompressionType
from mcap_files import chunk, header, message, metadata, packed_chunk, record, schema, whole
from small_mcap import TIMES, mcap, read

from node.recording import mcap_chunks
from node.recording.mcap_records import ATTACHMENT, ChannelMap
from node.recording.mcap_summary import read_index
from node.recording.read_budget import ReadBudget
from protocol.errors import LogError

RECORDS = message(1, 5, b"one") + message(2, 6, b"two")


def _read(data: bytes) -> list[mcap_chunks.RawMessage]:
    return mcap_chunks.read_chunk(io.BytesIO(data), 0, len(data), ChannelMap(), ReadBudget(len(data)))


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none", ""])
def test_the_messages_of_a_chunk(compression: str) -> None:
    assert _read(chunk(RECORDS, compression=compression)) == [
        mcap_chunks.RawMessage(1, 5, b"one"),
        mcap_chunks.RawMessage(2, 6, b"two"),
    ]


def test_the_messages_of_a_stretch_without_chunks() -> None:
    data = b"before" + RECORDS
    found = mcap_chunks.read_loose(io.BytesIO(data), 6, len(RECORDS), ChannelMap(), ReadBudget(100))
    assert [one.data for one in found] == [b"one", b"two"]
    with pytest.raises(LogError, match="damaged"):
        mcap_chunks.read_loose(io.BytesIO(data), 6, len(RECORDS) - 1, ChannelMap(), ReadBudget(100))


DAMAGED: dict[str, Callable[[], bytes]] = {
    "another size": lambda: chunk(RECORDS, size=len(RECORDS) + 1),
    "a smaller size": lambda: chunk(RECORDS, size=len(RECORDS) - 1),
    "another size, lz4": lambda: chunk(RECORDS, size=len(RECORDS) + 1, compression="lz4"),
    "a smaller size, lz4": lambda: chunk(RECORDS, size=len(RECORDS) - 1, compression="lz4"),
    "a smaller size, none": lambda: chunk(RECORDS, size=len(RECORDS) - 1, compression=""),
    "another CRC": lambda: chunk(RECORDS, crc=1),
    "no frame": lambda: packed_chunk(b"no frame of zstd", 100, 0, 0),
    "no frame, lz4": lambda: packed_chunk(b"no frame of lz4", 100, 0, 0, "lz4"),
    "a frame that is cut off": lambda: packed_chunk(zstandard.compress(RECORDS)[:-4], len(RECORDS), 0, 0),
    "a huge size": lambda: chunk(RECORDS, size=1 << 40),
    "a frame that says it is huge": lambda: packed_chunk(
        b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 1 << 40) + bytes(20), len(RECORDS), 0, 0
    ),
    "a record that is cut off": lambda: chunk(RECORDS[:-1]),
    "a record that says it is huge": lambda: chunk(RECORDS + b"\x05" + b"\xff" * 8),
    "another compression": lambda: chunk(RECORDS, compression="br"),
    "no chunk": lambda: record(7, bytes(60)),
}


@pytest.mark.parametrize("make", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_one_error(make: Callable[[], bytes]) -> None:
    with pytest.raises(LogError) as caught:
        _read(make())
    assert "\n" not in str(caught.value)


def test_what_is_flipped_is_not_read() -> None:
    data = mcap()
    index = read_index(io.BytesIO(data))
    offset = data.index(b"zstd", data.index(b"zstd", data.index(b"zstd") + 1) + 1) - 41
    assert len(index) == len(TIMES)
    for place in (offset, offset + 25, offset + 33, offset + 70):
        flipped = bytearray(data)
        flipped[place] ^= 1
        with pytest.raises(LogError):
            index.read(io.BytesIO(flipped), 2, ReadBudget(len(data)))


def test_what_the_file_says_of_itself() -> None:
    file = io.BytesIO(mcap())
    assert mcap_chunks.read_profile(file) == "something"
    assert mcap_chunks.read_metadata(file, "about") == {"weather": "fine", "wind": ""}
    assert mcap_chunks.read_metadata(file, "other") is None


def test_metadata_behind_what_other_tools_write_first() -> None:
    before = schema(1, "a") + record(ATTACHMENT, bytes(5000)) + metadata("weather", {"sky": "blue"})
    data = whole(before, b"\x0c" + struct.pack("<Q", 3) + b"bad", metadata("about", {"a": "b"}), chunk(RECORDS))
    assert mcap_chunks.read_metadata(io.BytesIO(data), "about") == {"a": "b"}
    behind = whole(chunk(RECORDS), metadata("about", {"a": "b"}))
    at = behind.index(metadata("about", {"a": "b"}))
    assert mcap_chunks.read_metadata(io.BytesIO(behind), "about") is None
    assert mcap_chunks.read_metadata(io.BytesIO(behind), "about", iter([0, 5, at])) == {"a": "b"}


def test_a_damaged_beginning_says_nothing() -> None:
    data = mcap()
    data[8:17] = b"\xff" * 9
    assert mcap_chunks.read_profile(io.BytesIO(data)) is None
    assert mcap_chunks.read_metadata(io.BytesIO(data), "about") is None
    cut = whole(b"")[: 8 + len(header("pictophone")) - 3]
    assert mcap_chunks.read_profile(io.BytesIO(cut)) is None


@pytest.mark.parametrize("compression", [CompressionType.ZSTD, CompressionType.LZ4, CompressionType.NONE])
def test_a_whole_file(compression: CompressionType) -> None:
    assert read(mcap(compression))[1] == TIMES


@given(st.binary(max_size=500))
def test_any_bytes_end(data: bytes) -> None:
    for compression in ("zstd", "lz4", ""):
        for made in (packed_chunk(data, len(data), 0, 0, compression), data):
            try:
                _read(made)
            except LogError as error:
                assert "\n" not in str(error)
