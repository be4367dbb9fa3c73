"""How deep a playback buffer is."""

from __future__ import annotations

import pytest

from node.speech.playback_buffer import DEEPEST_BLOCKS, SHALLOWER_AFTER_BLOCKS, BufferDepth, blocks_for


def asked(depth: BufferDepth, left: float, times: int = SHALLOWER_AFTER_BLOCKS) -> int:
    for _ in range(times):
        depth.left(left)
    return depth.blocks


def test_it_is_deepened_by_what_was_missing_up_to_the_deepest() -> None:
    depth = BufferDepth(2)
    depth.ran_dry(0.1)
    assert depth.blocks == 3
    depth.ran_dry(1.2)
    assert depth.blocks == 5
    depth.ran_dry(1000)
    assert depth.blocks == DEEPEST_BLOCKS


def test_one_that_begins_deeper_than_the_deepest_stays() -> None:
    depth = BufferDepth(20)
    depth.ran_dry(3)
    assert depth.blocks == 20


def test_it_is_shallower_again_a_block_at_a_time_down_to_where_it_began() -> None:
    depth = BufferDepth(4)
    depth.ran_dry(2)
    assert [asked(depth, 2.0), asked(depth, 2.0), asked(depth, 2.0)] == [5, 4, 4]


def test_it_stays_as_deep_as_the_worst_moment_asks_for() -> None:
    depth = BufferDepth(4)
    depth.ran_dry(2)
    asked(depth, 5.0, SHALLOWER_AFTER_BLOCKS - 2)
    depth.left(1.9)
    assert asked(depth, 5.0, 1) == 6
    assert asked(depth, 5.0) == 5


def test_what_was_left_before_it_ran_dry_says_nothing_of_after() -> None:
    depth = BufferDepth(4)
    asked(depth, 5.0, SHALLOWER_AFTER_BLOCKS - 1)
    depth.ran_dry(1)
    assert asked(depth, 5.0, SHALLOWER_AFTER_BLOCKS - 1) == 5


@pytest.mark.parametrize(("packet_ms", "blocks"), [(20, 2), (60, 2), (80, 4), (120, 4)])
def test_a_node_that_sends_short_packets_plays_with_little_delay(packet_ms: float, blocks: int) -> None:
    assert blocks_for(packet_ms) == blocks
