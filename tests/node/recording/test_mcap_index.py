"""Chunks by time: where to begin for a moment."""

from __future__ import annotations

from node.recording.mcap_index import BUNDLE_NS, ChunkIndex, ChunkPosition, channel_mask

S = 1_000_000_000


def index(*times: tuple[int, int]) -> ChunkIndex:
    made = ChunkIndex()
    made.fill(ChunkPosition(start * S, end * S, number, 1) for number, (start, end) in enumerate(times))
    return made


def test_a_moment_is_in_the_first_chunk_that_may_reach_it() -> None:
    found = index((10, 11), (20, 21), (30, 31))
    assert [found.first_with(at * S) for at in (0, 10, 13, 20, 23, 34)] == [0, 0, 0, 1, 1, 3]
    assert [found.last_from(at * S) for at in (0, 10, 25, 99)] == [-1, 0, 1, 2]


def test_a_long_chunk_is_not_passed_over() -> None:
    found = index((10, 100), (20, 21), (30, 31))
    assert [found.first_with(at * S) for at in (25, 99, 102)] == [0, 0, 0]
    assert found.reach(2) == 100 * S + BUNDLE_NS


def test_chunks_without_messages_go_with_the_one_before() -> None:
    found = index((0, 0), (10, 11), (0, 0), (20, 21))
    assert list(found.starts) == [10 * S, 10 * S, 10 * S, 20 * S]
    assert list(index((0, 0), (0, 0)).starts) == [0, 0]


def test_chunks_after_a_gap_are_cut_off() -> None:
    found = index((10, 11), (20, 21), (30, 31))
    assert found.cut_after_gap(9 * S, gap_ns=5 * S, last_ns=1000 * S) == 16 * S
    assert (len(found), list(found.starts), found.first_with(99 * S)) == (1, [10 * S], 1)
    assert found.damaged == 2


def test_chunks_after_the_last_time_are_cut_off() -> None:
    found = index((10, 11), (20, 21), (30, 31))
    assert found.cut_after_gap(9 * S, gap_ns=50 * S, last_ns=20 * S) == 71 * S
    assert (len(found), found.damaged) == (2, 1)


def test_a_time_is_near_a_chunk() -> None:
    found = index((10, 11), (30, 31))
    assert [found.has_near(at * S, 3 * S) for at in (6, 7, 14, 15, 34, 35)] == [False, True, True, False, True, False]


def test_a_mask_has_a_bit_for_each_channel_of_ours() -> None:
    assert channel_mask([1, 3]) == 0b1010
    assert channel_mask([0, 0]) == 0
    assert channel_mask([99, 15]) == 1 << 15
