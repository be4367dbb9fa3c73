"""Chunks of MCAP files found by the summary, where it can be believed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from mcap.writer import CompressionType
from mcap_files import Entry, chunk, header, message, our_channels, record, whole
from small_mcap import TIMES, mcap, read

from node.recording import mcap_summary
from node.recording.mcap_index import EVERY_CHANNEL
from node.recording.mcap_records import MAGIC, STATISTICS
from node.recording.mcap_summary import read_index
from node.recording.read_budget import BudgetError
from protocol.errors import LogError

FIRST = len(MAGIC) + len(header("pictophone"))
ONE, TWO = (our_channels([6]) + message(6, at, b"{}") for at in (10, 20))
CHUNKS = (chunk(ONE, 10, 10), chunk(TWO, 20, 20))
PLACES = (Entry(FIRST, len(CHUNKS[0]), 10, 10), Entry(FIRST + len(CHUNKS[0]), len(CHUNKS[1]), 20, 20))


@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("compression", list(CompressionType))
def test_every_chunk_is_found(compression: CompressionType, end: bool) -> None:
    index, times = read(mcap(compression, end))
    assert (list(index.starts), times) == (TIMES, TIMES)
    assert (index.complete, index.damaged) == (end, 0)


def test_a_whole_file_is_not_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def scan(*what: object) -> None:
        raise AssertionError("gone through")

    monkeypatch.setattr(mcap_summary, "scan", scan)
    assert len(read_index(io.BytesIO(mcap()))) == len(TIMES)
    assert len(read_index(io.BytesIO(whole(*CHUNKS, summary=PLACES)))) == 2


def test_the_index_tells_which_channels_are_where() -> None:
    assert list(read(mcap())[0].channels) == [2, 4, 2, 4, 2]
    assert list(read(mcap(foreign=20))[0].channels) == [2, 4, 2, 4, 2]
    assert set(read(mcap(end=False))[0].channels) == {EVERY_CHANNEL}


@pytest.mark.parametrize("place", [-9, -20, -60, -400])
def test_a_damaged_summary_is_not_believed(place: int) -> None:
    data = mcap()
    data[place] ^= 0x10
    index, times = read(data)
    assert times == TIMES
    assert not index.complete


@pytest.mark.parametrize(
    "places",
    [
        [PLACES[0], PLACES[0]],  # twice the same
        [PLACES[0], Entry(FIRST + 5, len(CHUNKS[0]), 20, 20)],  # one in the other
        [PLACES[0], Entry(FIRST + len(CHUNKS[0]), 10**6, 20, 20)],  # beyond the end
        [Entry(0, FIRST + len(CHUNKS[0]), 10, 10), PLACES[1]],  # before the first
        [PLACES[0], Entry(FIRST + len(CHUNKS[0]), 1 << 40, 20, 20)],
    ],
)
def test_chunks_that_cannot_be_where_they_are_said_to_be(places: Sequence[Entry]) -> None:
    index, times = read(whole(*CHUNKS, summary=places))
    assert times == [10, 20]
    assert index.complete


def test_a_summary_that_leaves_chunks_out_is_not_believed() -> None:
    counts = record(STATISTICS, bytes(8 + 2 + 4 + 4 + 4) + (2).to_bytes(4, "little") + bytes(20))
    for places in (PLACES[:1], ()):
        summary = b"".join(entry.bytes() for entry in places) + counts
        assert read(whole(*CHUNKS, summary=summary))[1] == [10, 20]


def test_a_summary_that_says_it_is_a_bomb_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Entry(FIRST, len(CHUNKS[0]), 10, 10, unpacked=1 << 60)
    with pytest.raises(BudgetError, match="made to keep a reader busy"):
        read_index(io.BytesIO(whole(CHUNKS[0], summary=[place])))


@pytest.mark.parametrize("crc", [True, False])
def test_chunks_in_any_order_are_by_time(crc: bool) -> None:
    later = Entry(FIRST, len(CHUNKS[1]), 20, 20, channels=[6])
    sooner = Entry(FIRST + len(CHUNKS[1]), len(CHUNKS[0]), 10, 10, channels=[6])
    index, times = read(whole(CHUNKS[1], CHUNKS[0], summary=[later, sooner], crc=crc))
    assert (list(index.starts), times) == ([10, 20], [10, 20])


def test_times_that_no_clock_has_do_no_harm() -> None:
    far = Entry(FIRST, len(CHUNKS[0]), (1 << 64) - 1, (1 << 64) - 1)
    assert read(whole(CHUNKS[0], summary=[far]))[1] == [10]


def test_a_file_that_is_no_mcap() -> None:
    with pytest.raises(LogError, match="no MCAP file"):
        read_index(io.BytesIO(b"RIFF" * 100))
