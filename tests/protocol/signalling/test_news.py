"""The news in a hello."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import SignalError
from protocol.signalling import Hello
from protocol.signalling.messages import Proof, decode, encode
from protocol.signalling.news import MAX_BY_SPEECH, MAX_LACKING, NO_NEWS, News, parse

HEAD = [1, 5, "Ada", 15, [0], [], 1, 2, [], [], [0, 0, 0], False]


@pytest.mark.parametrize(
    "news",
    [
        NO_NEWS,
        News(shows=True),
        News(lacks=(1, 2**64 - 1)),
        News(shows=True, by_speech=(("abcd", "Ädä"), ("ef", ""))),
        News(True, tuple(range(MAX_LACKING)), (("abcd", "x" * 64),) * MAX_BY_SPEECH),
    ],
)
def test_news_come_back_as_they_went(news: News) -> None:
    hello = Hello(5, "Ada", proof=Proof(1, 2), news=news)
    assert decode(encode(hello)) == hello


def test_a_hello_without_news_is_what_it_was() -> None:
    assert msgpack.unpackb(encode(Hello(5, "Ada", proof=Proof(1, 2)))) == HEAD
    assert decode(msgpack.packb(HEAD)).news == NO_NEWS  # type: ignore[union-attr]


def test_news_cost_a_newcomer_two_bytes() -> None:
    """That a picture is retained is in each hello of everybody who shows one."""
    silent, shows = Hello(5, "Ada", proof=Proof(1, 2)), Hello(5, "Ada", proof=Proof(1, 2), news=News(shows=True))
    assert len(encode(shows)) - len(encode(silent)) == 2


@pytest.mark.parametrize(
    "field",
    [
        5,
        [1],
        [None],
        [True, 5],
        [True, [-1]],
        [True, [True]],
        [True, [0] * (MAX_LACKING + 1)],
        [True, [], ["ab"]],
        [True, [], [["ab"]]],
        [True, [], [["abcde", "x"]]],
        [True, [], [["ab", "x" * 65]]],
        [True, [], [[5, "x"]]],
        [True, [], [["ab", None]]],
        [True, [], [["ab", "x"]] * (MAX_BY_SPEECH + 1)],
    ],
)
def test_what_is_no_news_is_refused(field: Any) -> None:
    with pytest.raises(SignalError):
        decode(msgpack.packb([*HEAD, field]))


def test_what_a_later_program_adds_is_ignored() -> None:
    assert parse([True, [1], [["ab", "x", "new"]], "new"]) == News(True, (1,), (("ab", "x"),))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_any_field_is_news_or_is_refused(field: Any) -> None:
    try:
        news = parse(field)
    except ValueError:
        return
    assert parse(news.elements()) == news
