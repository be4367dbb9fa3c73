"""A clock turned by hand, and a board whose feed can be read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from web_board import HandClock, Told

from node.web.state import PageState


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


@pytest.fixture
def board(hand: HandClock) -> Iterator[PageState]:
    board = PageState("call", 4, clock=hand.clock.now, wall=lambda: hand.time + 1e9)
    yield board
    board.feed.close()


@pytest.fixture
def told(board: PageState) -> Told:
    return Told(board)
