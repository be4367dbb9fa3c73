"""Chunks of MCAP files: found by the index, by going through the file, or by what they look like."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.writer import CompressionType, Writer

from node.session import chunks
from protocol.errors import LogError

TIMES = [10, 20, 30, 40, 50]


def mcap(compression: CompressionType = CompressionType.ZSTD, end: bool = True, channels: int = 2) -> bytearray:
    """A file of five chunks, with a message in each, on one channel after the other."""
    stream = io.BytesIO()
    writer = Writer(stream, compression=compression)
    writer.start("something", "test")
    writer.add_metadata("about", {"weather": "fine", "wind": ""})
    for number in range(channels):
        writer.register_channel(f"/{number}", "json", 0)
    for number, at in enumerate(TIMES):
        writer.add_message(1 + number % channels, at, b"hello %d" % at * 20, at)
        writer.flush()
    if end:
        writer.finish()
    return bytearray(stream.getvalue())


def _read(data: bytes) -> tuple[chunks.Index, list[int]]:
    """The index, and the times of the messages in its chunks."""
    file = io.BytesIO(data)
    index = chunks.read_index(file)
    return index, [message.log_time for offset in index.offsets for message in chunks.read_chunk(file, offset)]


@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("compression", [CompressionType.ZSTD, CompressionType.NONE])
def test_every_chunk_is_found(compression: CompressionType, end: bool) -> None:
    index, times = _read(mcap(compression, end))
    assert (list(index.starts), times) == (TIMES, TIMES)
    assert (index.complete, index.damaged) == (end, 0)


def test_the_index_tells_which_channels_are_where() -> None:
    assert list(_read(mcap())[0].channels) == [2, 4, 2, 4, 2]
    assert list(_read(mcap(channels=20))[0].channels) == [2, 4, 8, 16, 32]
    assert set(_read(mcap(end=False))[0].channels) == {chunks.EVERY_CHANNEL}


def test_what_the_file_says_of_itself() -> None:
    file = io.BytesIO(mcap())
    assert chunks.read_profile(file) == "something"
    assert chunks.read_metadata(file, "about") == {"weather": "fine", "wind": ""}
    assert chunks.read_metadata(file, "other") is None


def test_a_damaged_beginning_says_nothing() -> None:
    data = mcap()
    data[8:17] = b"\xff" * 9
    assert chunks.read_profile(io.BytesIO(data)) is None
    assert chunks.read_metadata(io.BytesIO(data), "about") is None


@pytest.mark.parametrize("place", [-9, -20, -60, -400])
def test_a_damaged_summary_is_not_believed(place: int) -> None:
    data = mcap()
    data[place] ^= 0x10
    index, times = _read(data)
    assert times == TIMES
    assert not index.complete


def test_the_next_chunk_is_found_behind_a_broken_chain() -> None:
    data = mcap(end=False)
    second = _read(data)[0].offsets[1]
    data[second + 1 : second + 9] = b"\xff" * 8
    index, times = _read(data)
    assert times == [10, 30, 40, 50]
    assert index.damaged == 1


def test_what_is_damaged_is_not_read() -> None:
    data = mcap()
    offset = _read(data)[0].offsets[2]
    for place in (offset, offset + 25, offset + 33, offset + 70):
        flipped = bytearray(data)
        flipped[place] ^= 1
        with pytest.raises(LogError):
            chunks.read_chunk(io.BytesIO(flipped), offset)


def test_another_compression_is_told() -> None:
    data = mcap(CompressionType.LZ4)
    with pytest.raises(LogError, match="compressed otherwise"):
        _read(data)


def test_a_chunk_that_claims_to_be_huge_is_not_unpacked() -> None:
    data = mcap()
    offset = _read(data)[0].offsets[0]
    data[offset + 25 : offset + 33] = struct.pack("<Q", 1 << 40)
    with pytest.raises(LogError, match="damaged"):
        chunks.read_chunk(io.BytesIO(data), offset)


def test_a_file_made_of_false_chunks_keeps_nobody_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_TRIED_BYTES", 100_000)
    tried: list[int] = []
    read_chunk = chunks.read_chunk

    def counted(file: io.BytesIO, offset: int) -> list[chunks.RawMessage]:
        tried.append(offset)
        return read_chunk(file, offset)

    monkeypatch.setattr(chunks, "read_chunk", counted)
    false = b"\x06" + struct.pack("<QQQQII", 9000, 1, 1, 1, 1, 4) + b"zstd" + bytes(11)
    index = chunks.read_index(io.BytesIO(chunks.MAGIC + b"\xff" + false * 1000))
    assert len(index.offsets) == 0
    assert len(tried) == 100_000 // 9000


@given(st.binary(max_size=500))
def test_any_bytes_end(data: bytes) -> None:
    file = io.BytesIO(chunks.MAGIC + data)
    chunks.read_profile(file)
    chunks.read_metadata(file, "about")
    for offset in chunks.read_index(file).offsets:
        try:
            chunks.read_chunk(file, offset)
        except LogError as error:
            assert "\n" not in str(error)


def test_a_file_that_is_no_mcap() -> None:
    with pytest.raises(LogError, match="no MCAP file"):
        chunks.read_index(io.BytesIO(b"RIFF" * 100))
