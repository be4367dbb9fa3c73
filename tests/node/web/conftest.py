"""A clock turned by hand, a page's state, and the events that it sends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from page_events import HandClock, SentEvents

from node.web.state import PageState


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


@pytest.fixture
def state(hand: HandClock) -> Iterator[PageState]:
    state = PageState("call", 4, clock=hand.clock.now, wall=lambda: hand.time + 1e9)
    yield state
    state.events.close()


@pytest.fixture
def events(state: PageState) -> SentEvents:
    return SentEvents(state)
