from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.captions.arithmetic import Below, evenly
from protocol.captions.delta import CHANGES, Change, CopyModel, change_of, differing, places, style_near
from protocol.captions.ngrams import TOTAL
from protocol.captions.tokens import Style, parse


def chance(below: Below, symbol: int) -> float:
    return (below(symbol + 1) - below(symbol)) / TOTAL


def guesses(earlier: str, now: str) -> list[bool]:
    """For each token of a caption and its end, whether the guess from the earlier one is right."""
    copier, right = CopyModel(parse(earlier).tokens), []
    for token in (*parse(now).tokens, None):
        right.append(copier.guess == token)
        if right[-1]:
            copier.confirm()
        elif token is not None:
            copier.correct(token)
    return right


@pytest.mark.parametrize(
    ("earlier", "now", "change"),
    [
        ("a cat", "a cat", Change.NONE),
        ("A Cat", "A Cat", Change.NONE),
        ("", "", Change.NONE),
        ("a cat", "a dog", Change.ONE_TOKEN),
        ("A cat.", "A dog.", Change.ONE_TOKEN),
        ("a cat, a dog", "a cat; a dog", Change.ONE_TOKEN),
        ("a cat", "a cat.", Change.MORE),
        ("a cat", "A cat", Change.MORE),
        ("a cat", "a red cat", Change.MORE),
        ("a cat", "a", Change.MORE),
        ("a cat", "the dog", Change.MORE),
        ("a Cat", "a Dog", Change.MORE),
        ("a Cat", "a CAT", Change.MORE),
        ("", "a", Change.MORE),
    ],
)
def test_how_a_caption_differs(earlier: str, now: str, change: Change) -> None:
    assert change_of(parse(now), parse(earlier)) is change


def test_where_captions_differ() -> None:
    assert differing(parse("a cat on a mat"), parse("a dog on the mat")) == [1, 3]
    assert differing(parse("a cat"), parse("a cat on a mat")) == []


def test_an_unchanged_caption_is_the_likeliest() -> None:
    assert [round(chance(CHANGES, change), 6) for change in Change] == [0.72, 0.18, 0.1]


def test_words_that_say_much_are_replaced_the_most() -> None:
    below = places([2, 400, 11, 12, 1])
    assert [round(26 * chance(below, place)) for place in range(5)] == [1, 8, 1, 8, 8]


def test_the_guess_follows_the_earlier_caption() -> None:
    assert all(guesses("a cat on a bench", "a cat on a bench"))
    assert all(guesses("", ""))


@pytest.mark.parametrize(
    ("now", "wrong"),
    [
        ("a dog on a bench", [" dog"]),  # replaced
        ("a cat sits on a bench", [" sits", " on"]),  # added: the next is looked for where it was guessed
        ("a cat a bench", [" a"]),  # left out
        ("a cat", [None]),
        ("a cat on a bench and a dog", [" and", " a", " dog"]),
    ],
)
def test_the_guess_finds_its_way_again(now: str, wrong: list[str | None]) -> None:
    told = guesses("a cat on a bench", now)
    assert [token for token, right in zip((*parse(now).tokens, None), told, strict=True) if not right] == wrong


def test_at_the_end_of_the_earlier_caption_nothing_is_guessed() -> None:
    copier = CopyModel([" a"])
    copier.confirm()
    assert copier.guess is None
    copier.correct(" b")
    copier.confirm()
    assert copier.guess is None


def test_a_guess_is_trusted_less_after_a_wrong_one_and_more_with_every_right_one() -> None:
    copier = CopyModel([" a"] * 20)
    before = chance(copier.confidence, 0)
    copier.correct(" b")
    after = []
    for _ in range(6):
        after.append(chance(copier.confidence, 0))
        copier.confirm()
    assert after[0] < before
    assert after == sorted(after)
    copier.correct(" b")
    assert chance(copier.confidence, 0) == after[0]


@given(st.lists(st.sampled_from([" a", " b", " c"]), max_size=9), st.lists(st.sampled_from([" a", " b", " d"])))
def test_whatever_comes_the_guess_stays_within_the_caption(earlier: list[str], now: list[str]) -> None:
    copier = CopyModel(earlier)
    for token in now:
        assert copier.guess in {*earlier, None}
        if copier.guess == token:
            copier.confirm()
        else:
            copier.correct(token)


@pytest.mark.parametrize("earlier", Style)
def test_the_earlier_style_is_the_likeliest(earlier: Style) -> None:
    below = style_near(evenly(len(Style)), earlier)
    assert (below(0), below(len(Style))) == (0, TOTAL)
    for style in Style:
        assert chance(below, style) == pytest.approx(0.005 + 0.97 * (style is earlier), abs=1e-8)
