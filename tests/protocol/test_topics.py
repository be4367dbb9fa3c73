from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import TopicError
from protocol.topics import Letter, Topic, mailbox, node_id, pattern, patterns, room_id


def test_a_topic_is_read_back() -> None:
    topic = Topic(room_id(b"kitchen"), node_id(bytes(3)), Letter.PICTURE)
    assert str(topic) == f"{topic.room}/aaaa/p"
    assert Topic.parse(str(topic)) == topic


def test_the_room_is_pinned() -> None:
    """Another derivation would put new and old nodes into different rooms."""
    assert room_id(b"kitchen") == "5l4e4psa"


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_rooms_differ_with_their_secret(one: bytes, other: bytes) -> None:
    assert (room_id(one) == room_id(other)) == (one == other)


@given(st.binary(min_size=3, max_size=8), st.integers(2, 4))
def test_node_ids_make_valid_topics(randomness: bytes, length: int) -> None:
    node = node_id(randomness, length)
    assert len(node) == length
    assert Topic.parse(f"abcdefgh/{node}/s") == Topic("abcdefgh", node, Letter.SIGNAL)


def test_node_id_refuses_too_little() -> None:
    with pytest.raises(ValueError, match="too few"):
        node_id(b"\0\0")
    with pytest.raises(ValueError, match="2 to 4"):
        node_id(bytes(8), length=5)


def test_a_signal_for_one_node_has_its_sender_behind() -> None:
    topic = Topic("abcdefgh", "ab", Letter.SIGNAL, target="cd")
    assert str(topic) == "abcdefgh/cd/s/ab"
    assert Topic.parse("abcdefgh/cd/s/ab") == topic
    assert mailbox("abcdefgh", "cd") == "abcdefgh/cd/s/+"


def test_an_access_list_needs_all_topics() -> None:
    assert [each.removeprefix("abcdefgh/+/") for each in patterns("abcdefgh")] == [*Letter, "s/+"]


def test_a_pattern_covers_every_node() -> None:
    assert pattern("abcdefgh", Letter.PRESENCE) == "abcdefgh/+/h"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "abcdefgh/ab/x",
        "abcdefgh/ab",
        "abcdefgh/a/p",
        "abcdefgh/abcde/p",
        "ABCDEFGH/ab/p",
        "abcdefgh/ab/p\n",
        "+/+/p",
        "abcdefgh/ab/p/cd",
        "abcdefgh/ab/s/",
        "abcdefgh/ab/s/c",
        "abcdefgh/ab/s/cd/ef",
        "abcdefgh/ab/s/+",
    ],
)
def test_other_topics_are_refused(name: str) -> None:
    with pytest.raises(TopicError):
        Topic.parse(name)


@given(st.text(max_size=20) | st.from_regex(r"[a-z2-7]{7,9}/[a-z]{1,5}/[a-z](/[a-z]{1,5})?", fullmatch=True))
def test_any_name_parses_or_raises(name: str) -> None:
    with contextlib.suppress(TopicError):
        assert str(Topic.parse(name)) == name
