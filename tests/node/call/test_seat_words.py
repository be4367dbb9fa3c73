"""What a listener reads of its stage."""

from __future__ import annotations

import pytest

from node.call.seat_words import NOT_OPENED, Distrust, duration_words, standing_words
from protocol.audience.live_rule import LiveState, Standing


@pytest.mark.parametrize("state", list(LiveState))
def test_every_state_has_a_line_and_only_live_is_live(state: LiveState) -> None:
    words = standing_words(Standing(state))
    assert "\n" not in words
    assert (words == "live") is (state is LiveState.LIVE)
    assert words.startswith("not live: ") is (state is not LiveState.LIVE)


def test_offsets_are_named() -> None:
    assert "10 min old" in standing_words(Standing(LiveState.OLD, -600_000))
    assert "10 min ahead" in standing_words(Standing(LiveState.AHEAD, 600_000))
    assert standing_words(Standing(LiveState.ENDED, -7_200_000)).endswith("2 h ago")


@pytest.mark.parametrize(
    ("seconds", "words"), [(31, "31 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (200_000, "2 d")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


def test_what_was_not_believed_is_noted_now_and_then_and_what_does_not_open_never() -> None:
    notes, now = list[str](), 0.0
    distrust = Distrust(notes.append, lambda: now)
    for why in (NOT_OPENED, "forged, muted", "forged, muted", "unproven, muted"):
        distrust.add(why)
    assert notes == ["messages that are not the speaker's: 1 forged, muted"]
    now = 10.0
    distrust.add("forged, muted")
    assert notes[1:] == ["messages that are not the speaker's: 2 forged, muted, 1 unproven, muted"]
    distrust.name()
    assert len(notes) == 2
    assert distrust.counts == {NOT_OPENED: 1, "forged, muted": 3, "unproven, muted": 1}
