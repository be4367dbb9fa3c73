"""Chunks found by going through the file: without an index, without an end, behind a damage."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.writer import CompressionType
from mcap_files import chunk, header, message, our_channels, record, whole
from small_mcap import TIMES, mcap, read

from node.recording import mcap_scan
from node.recording.mcap_records import MAGIC
from node.recording.mcap_summary import read_index
from node.recording.read_budget import ReadBudget
from protocol.errors import LogError


@pytest.mark.parametrize("compression", [CompressionType.ZSTD, CompressionType.LZ4])
def test_the_next_chunk_is_found_behind_a_broken_chain(compression: CompressionType) -> None:
    data = mcap(compression, end=False)
    name = compression.name.lower().encode()
    second = data.index(name, data.index(name) + 1) - 41
    data[second + 1 : second + 9] = b"\xff" * 8
    index, times = read(data)
    assert times == [10, 30, 40, 50]
    assert index.damaged == 1


def test_messages_without_chunks_are_taken_together() -> None:
    messages = b"".join(message(6, 1000 + at, bytes(1000)) for at in range(200))
    index, times = read(whole(our_channels() + messages + chunk(message(6, 5000), 5000, 5000) + message(6, 6000)))
    assert times == [*range(1000, 1200), 5000, 6000]
    assert 3 < len(index) < 10
    assert index.damaged == 0


def test_a_damage_ends_what_is_taken_together() -> None:
    before, after = (message(6, at) for at in (10, 20))
    index, times = read(whole(our_channels() + before + b"\xff" * 40 + chunk(after, 20, 20)))
    assert times == [10, 20]
    assert index.damaged == 1


def test_an_attachment_of_any_size_is_gone_over() -> None:
    """And is not searched for chunks."""
    inside = chunk(message(6, 7), 7, 7)
    assert read(whole(record(9, inside + bytes(10_000)), chunk(our_channels() + message(6, 9), 9, 9)))[1] == [9]


def test_a_record_of_the_future_is_gone_over() -> None:
    last = chunk(our_channels() + message(6, 9), 9, 9)
    index, times = read(whole(record(0x80, bytes(50)), record(99, b""), last))
    assert (times, index.damaged) == ([9], 0)


def test_a_file_made_of_false_chunks_keeps_nobody_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcap_scan, "MAX_TRIED_BYTES", 100_000)
    tried: list[int] = []
    read_chunk = mcap_scan.read_chunk

    def counted(file: io.BytesIO, offset: int, *how: object) -> object:
        tried.append(offset)
        return read_chunk(file, offset, *how)  # type: ignore[arg-type]

    monkeypatch.setattr(mcap_scan, "read_chunk", counted)
    false = b"\x06" + struct.pack("<QQQQII", 9000, 1, 1, 1, 1, 4) + b"zstd" + bytes(11)
    good = chunk(message(6, 9), 9, 9)
    data = MAGIC + header() + (b"\xff" + false * 400 + good) * 3
    index = read_index(io.BytesIO(data))
    assert len(index) <= 1
    assert len(tried) <= 100_000 // 9000 + 3


@given(st.binary(max_size=500))
def test_any_bytes_end(data: bytes) -> None:
    file = io.BytesIO(MAGIC + data)
    index = read_index(file)
    for number in range(len(index)):
        try:
            index.read(file, number, ReadBudget(500))
        except LogError as error:
            assert "\n" not in str(error)


def test_times_out_of_order_are_found_out_by_the_messages() -> None:
    """Nothing guards a chunk's own times."""
    chunks = [
        chunk(our_channels([6]) + message(6, at), stated, stated) for at, stated in ((10, 900), (20, 20), (30, 30))
    ]
    index, times = read(whole(*chunks))
    assert (list(index.starts), times) == (TIMES[:3], TIMES[:3])
