"""Words found in a session: said, typed, and seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sessions import FakeSession

from node.recording.search import LEAD_S, first_with, holds, place_of
from protocol import frames
from protocol.errors import NodeError, UsageError
from protocol.log import Frame

PICTURE = frames.encode(frames.Picture(1, 0, 0, b"a blue cup", 0))
SAID = frames.encode(frames.Line(0, b"the blue cup is mine", 0, spoken=20, after=10))
SESSION = FakeSession(
    [Frame(5_000_000, "me", SAID, "the blue cup is mine"), Frame(9_000_000, "me", PICTURE, "a Blue   cup"),
     Frame(9_500_000, "me", b"\xff", None)]
)  # fmt: skip
PATH = Path("talk.mcap")


def test_the_first_that_was_said_or_seen_is_found_with_a_moment_before_it() -> None:
    assert first_with(SESSION, "blue cup") == 2.0
    assert first_with(SESSION, "A BLUE") == 9.0
    assert place_of(SESSION, PATH, "mine") == 2.0 - LEAD_S
    assert place_of(FakeSession([Frame(100_000, "me", PICTURE, "here")]), PATH, "here") == 0.0


def test_accents_are_the_same_however_they_are_written() -> None:
    assert holds("in the cafe\u0301", "CAF\u00c9")
    assert holds("in the caf\u00e9", "cafe\u0301")
    assert not holds("in the cafe", "caf\u00e9")


def test_what_is_not_there_and_what_is_no_word() -> None:
    with pytest.raises(NodeError, match=r"nothing in 'talk\.mcap' says 'red'"):
        place_of(SESSION, PATH, "red")
    with pytest.raises(NodeError, match=r"^nothing in 'talk\.mcap' says 'red'; it was cut off$"):
        place_of(SESSION, PATH, "red", ["it was cut off"])
    with pytest.raises(UsageError, match="no word"):
        first_with(SESSION, " ")


@given(st.text(), st.text(), st.text())
def test_a_text_holds_its_parts_in_either_case(before: str, part: str, after: str) -> None:
    assert holds(f"{before} {part} {after}", part.upper().casefold())
