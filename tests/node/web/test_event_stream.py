from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.web import event_stream as feeds
from node.web.event_stream import MAX_SUBSCRIBERS, MAX_WAITING, EventStream, TooManySubscribers


def events(piece: bytes) -> list[tuple[str, str, Any]]:
    """Id, name and data of each event."""
    found = []
    for block in piece.decode().split("\n\n"):
        if block:
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


@pytest.fixture
def feed() -> EventStream:
    return EventStream("run", lambda: {"all": 1})


async def begun(feed: EventStream) -> tuple[feeds.Subscriber, AsyncIterator[bytes]]:
    """A reader who was told how soon to come back, and the state."""
    reader = feed.read()
    pieces = aiter(reader)
    assert (await anext(pieces)).startswith(b"retry: ")
    assert events(await anext(pieces)) == [("run-0", "state", {"all": 1})]
    return reader, pieces


async def test_a_reader_gets_the_state_and_then_what_happens(feed: EventStream) -> None:
    _, pieces = await begun(feed)
    feed.tell("note", {"text": "a\nb"})
    feed.tell("gone", {})
    assert events(await anext(pieces)) == [("run-1", "note", {"text": "a\nb"}), ("run-2", "gone", {})]


async def test_what_happened_before_the_state_was_read_is_in_it(feed: EventStream) -> None:
    reader = feed.read()
    pieces = aiter(reader)
    await anext(pieces)
    feed.tell("note", {})
    assert [name for _, name, _ in events(await anext(pieces))] == ["state"]
    assert reader.waiting == 0


async def test_a_slow_reader_gets_the_state_instead_of_a_long_queue(feed: EventStream) -> None:
    reader, pieces = await begun(feed)
    for _ in range(MAX_WAITING + 5):
        feed.tell("note", {})
    assert reader.waiting <= MAX_WAITING
    assert [name for _, name, _ in events(await anext(pieces))] == ["state"]
    feed.tell("note", {})
    assert [name for _, name, _ in events(await anext(pieces))] == ["note"]


async def test_a_feed_without_news_says_that_it_lives(feed: EventStream, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pieces = await begun(feed)
    monkeypatch.setattr(feeds, "KEEP_ALIVE_S", 0.0)
    assert (await anext(pieces)).startswith(b":")


async def test_there_are_only_so_many_readers(feed: EventStream) -> None:
    readers = [feed.read() for _ in range(MAX_SUBSCRIBERS)]
    with pytest.raises(TooManySubscribers):
        feed.read()
    readers[0].close()
    feed.read()
    assert len(feed) == MAX_SUBSCRIBERS


async def test_closing_the_feed_ends_its_readers(feed: EventStream) -> None:
    _, pieces = await begun(feed)
    feed.close()
    with pytest.raises(StopAsyncIteration):
        await anext(pieces)
    assert len(feed) == 0


async def test_it_is_known_whether_somebody_ever_read(feed: EventStream) -> None:
    assert not feed.opened.is_set()
    feed.read().close()
    assert feed.opened.is_set()


async def test_text_that_is_none_and_numbers_that_are_none_end_nothing(feed: EventStream) -> None:
    _, pieces = await begun(feed)
    feed.tell("note", {"text": "half a \ud83d character", "all": [float("nan"), (float("inf"), 1.5)]})
    feed.tell("note", {"text": "\u2028\u202e\x00\x1b]52;c;eA==\x07\r\n</script>"})
    first, second = events(await anext(pieces))
    assert first[2] == {"text": "half a ? character", "all": [None, [None, 1.5]]}
    assert second[2]["text"].endswith("\r\n</script>")


@given(st.text(st.characters(exclude_categories=[]), max_size=20), st.floats())
def test_any_text_and_number_is_valid_json(text: str, number: float) -> None:
    feed = EventStream("run", lambda: {"all": 1})
    [(_, _, data)] = events(feed._message("note", {"text": text, "number": number}))
    assert len(data["text"]) == len(text)
