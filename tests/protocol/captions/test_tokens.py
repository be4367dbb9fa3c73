from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.captions.tokens import (
    Case,
    Style,
    Tokenised,
    case_of,
    from_utf8,
    parse,
    render,
    scalars,
    to_utf8,
    tokens_of,
)
from protocol.errors import CaptionError

# Every kind of sign, and those that parsing looks at much more often than chance would.
texts = (
    st.text(st.characters()) | st.text(st.sampled_from("aabzAABZ  ..,1é\u0301\n\0ÀıſK")) | st.text(st.just("\ud800"))
)


@given(texts)
def test_any_text_is_put_together_again(text: str) -> None:
    parsed = parse(text)
    assert render(parsed) == text
    assert all(not any("A" <= sign <= "Z" for sign in token) for token in parsed.tokens)


@given(texts)
def test_tokens_are_the_text_after_a_space(text: str) -> None:
    tokens = parse(text).tokens
    assert all(tokens)
    assert tokens_of("".join(tokens)[1:]) == tokens


@given(texts)
def test_capitals_are_kept_in_mixed_style_alone(text: str) -> None:
    parsed = parse(text)
    if parsed.style in {Style.MIXED, Style.MIXED_STOP}:
        letters = [sum("a" <= sign <= "z" for sign in token) for token in parsed.tokens]
        assert [len(flags) for flags in parsed.capitals] == letters
        assert any(map(any, parsed.capitals))
    else:
        assert not parsed.capitals


@given(texts)
def test_what_has_no_lone_surrogates_is_scalars_alone(text: str) -> None:
    assert scalars(text).encode().decode() == scalars(text)
    assert len(scalars(text)) == len(text)
    assert scalars(text) == text or any("\ud800" <= sign <= "\udfff" for sign in text)


def test_a_pair_of_surrogates_is_no_character_either() -> None:
    assert scalars("\ud83d\ude00 \U0001f600") == "?? \U0001f600"


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", Style.SMALL),
        ("a cat", Style.SMALL),
        ("1 cat", Style.SMALL),
        (".", Style.SMALL_STOP),
        ("a cat.", Style.SMALL_STOP),
        ("A cat", Style.SENTENCE),
        ("A", Style.SENTENCE),
        ("A.", Style.SENTENCE_STOP),
        ("A cat. A dog.", Style.MIXED_STOP),
        ("a Cat", Style.MIXED),
        (" A", Style.MIXED),
        ("Écoute", Style.SMALL),  # only the 26 letters have a case
    ],
)
def test_a_caption_has_a_style(text: str, style: Style) -> None:
    assert parse(text).style is style


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a cat", (" a", " cat")),
        ("cat,dog", (" cat", ",", "dog")),
        ("x  y", (" x", " ", " y")),
        (" ", (" ", " ")),
        ("10 m", (" 1", "0", " m")),
        ("no. 1", (" no", ".", " 1")),
        ("é", (" é",)),
    ],
)
def test_a_token_is_a_word_or_a_sign_with_the_space_before_it(text: str, tokens: tuple[str, ...]) -> None:
    assert parse(text).tokens == tokens


@pytest.mark.parametrize(
    ("word", "case"),
    [("cat", Case.SMALL), ("Cat", Case.TITLE), ("A", Case.TITLE), ("CAT", Case.CAPITALS), ("cAT", Case.ODD)],
)
def test_a_word_has_a_case(word: str, case: Case) -> None:
    assert case_of(tuple(letter.isupper() for letter in word)) is case


def test_a_sentence_that_begins_with_no_letter_of_the_26_is_left_as_it_is() -> None:
    assert render(Tokenised(Style.SENTENCE, (" ß",))) == "ß"
    assert render(Tokenised(Style.SENTENCE, ())) == ""


@given(st.text())
def test_utf8_is_read_back(text: str) -> None:
    data, bits = to_utf8(text)
    assert from_utf8(data) == text
    assert bits == 8 * len(data)


def test_a_lone_surrogate_has_no_utf8() -> None:
    assert to_utf8("\ud800") == (b"?", 8)


def test_damaged_utf8_is_refused() -> None:
    with pytest.raises(CaptionError):
        from_utf8(b"\xff")


@given(st.binary())
def test_any_bytes_are_utf8_or_raise(data: bytes) -> None:
    with contextlib.suppress(CaptionError):
        assert from_utf8(data).encode() == data
