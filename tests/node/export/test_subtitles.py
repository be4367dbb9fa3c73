"""Captions as subtitles."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from node.export.subtitles import (
    MOST_LETTERS,
    MOST_LINES,
    MOST_NAME_LETTERS,
    CaptionChange,
    Cue,
    cues,
    one_line,
    srt,
    unmarked,
)


def test_a_cue_lasts_until_something_changes() -> None:
    words = [
        CaptionChange(1, "Ann", "a cat"),
        CaptionChange(3, "Ben", "a dog"),
        CaptionChange(4, "Ann", "a bird"),
        CaptionChange(6, "Ben", ""),
    ]
    assert list(cues(words, 8)) == [
        Cue(1, 3, "Ann: a cat"),
        Cue(3, 4, "Ann: a cat\nBen: a dog"),
        Cue(4, 6, "Ann: a bird\nBen: a dog"),
        Cue(6, 8, "Ann: a bird"),
    ]


def test_what_is_replaced_at_once_is_left_out() -> None:
    assert list(cues([CaptionChange(1, "a", "x"), CaptionChange(1.01, "a", "y")], 2)) == [Cue(1.01, 2, "a: y")]
    assert list(cues([], 2)) == []


def test_srt() -> None:
    text = srt([Cue(0, 1.2345, "Ann: a cat"), Cue(3661.5, 3662, "Ben: <b>{x}\\N -->")])
    assert text == (
        "1\n00:00:00,000 --> 00:00:01,234\nAnn: a cat\n\n"
        "2\n01:01:01,500 --> 01:01:02,000\nBen: ‹b›(x)/N -›\n\n"
    )  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["a", "b"]), st.text()), max_size=8))
def test_cues_never_overlap_and_hold_no_markup(changes: list[tuple[float, str, str]]) -> None:
    words = [CaptionChange(*change) for change in sorted(changes, key=lambda change: change[0])]
    made = list(cues(words, 100))
    assert all(before.end <= after.start for before, after in itertools.pairwise(made))
    text = srt(made)
    assert len(re.findall(r"^\d\d:\d\d:\d\d,\d\d\d --> \d\d:\d\d:\d\d,\d\d\d$", text, re.MULTILINE)) == len(made)
    assert text.count("\n\n") == len(made)
    assert "<" not in text.replace("-->", "")


def test_a_line_is_one_line() -> None:
    assert one_line("a\n\nb\tc\u2028d\x00e\r") == "a b c d e"
    assert one_line("👩\u200d🚀 می\u200cخواهم \u202e\ud800x") == "👩\u200d🚀 می\u200cخواهم x"
    assert unmarked("<i>") == "‹i›"


def test_who_shows_nothing_any_more_makes_room_and_a_crowd_is_cut() -> None:
    words = [CaptionChange(number, f"p{number}", "x") for number in range(MOST_LINES + 3)]
    assert [cue.text.count("\n") + 1 for cue in cues(words, 100)][-1] == MOST_LINES
    assert list(cues([CaptionChange(1, "a", "x"), CaptionChange(2, "a", ""), CaptionChange(3, "b", "y")], 4)) == [
        Cue(1, 2, "a: x"),
        Cue(3, 4, "b: y"),
    ]


def test_of_what_is_made_up_to_be_long_the_beginning_is_left() -> None:
    (cue,) = cues([CaptionChange(0, "N" * 60_000, "word " * 12_000)], 5)
    name, words = cue.text.split(": ")
    assert (len(name), len(words)) == (MOST_NAME_LETTERS, MOST_LETTERS)
    assert name.endswith("…") and words.endswith("…")


def test_names_are_one_line_too() -> None:
    (cue,) = cues([CaptionChange(0, "Ann\n\n2\n00:00:01,000 --> 00:00:02,000\n\u202eneB", "a cat\udc80\x00")], 5)
    assert cue.text == "Ann 2 00:00:01,000 --> 00:00:02,000 neB: a cat"
    assert unmarked(cue.text) == "Ann 2 00:00:01,000 -› 00:00:02,000 neB: a cat"
