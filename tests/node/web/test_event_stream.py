from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.web import event_stream as module
from node.web.event_stream import MAX_QUEUED, MAX_SUBSCRIBERS, EventStream, TooManySubscribers


def events(piece: bytes) -> list[tuple[str, str, Any]]:
    """Id, name and data of each event."""
    found = []
    for block in piece.decode().split("\n\n"):
        if block:
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


@pytest.fixture
def stream() -> EventStream:
    return EventStream("run", lambda: {"all": 1})


async def begun(stream: EventStream) -> tuple[module.Subscriber, AsyncIterator[bytes]]:
    """Return a subscriber that got the retry time and the state."""
    reader = stream.subscribe()
    pieces = aiter(reader)
    assert (await anext(pieces)).startswith(b"retry: ")
    assert events(await anext(pieces)) == [("run-0", "state", {"all": 1})]
    return reader, pieces


async def test_a_reader_gets_the_state_and_then_what_happens(stream: EventStream) -> None:
    _, pieces = await begun(stream)
    stream.send("note", {"text": "a\nb"})
    stream.send("gone", {})
    assert events(await anext(pieces)) == [("run-1", "note", {"text": "a\nb"}), ("run-2", "gone", {})]


async def test_what_happened_before_the_state_was_read_is_in_it(stream: EventStream) -> None:
    reader = stream.subscribe()
    pieces = aiter(reader)
    await anext(pieces)
    stream.send("note", {})
    assert [name for _, name, _ in events(await anext(pieces))] == ["state"]
    assert reader.queued == 0


async def test_a_slow_reader_gets_the_state_instead_of_a_long_queue(stream: EventStream) -> None:
    reader, pieces = await begun(stream)
    for _ in range(MAX_QUEUED + 5):
        stream.send("note", {})
    assert reader.queued <= MAX_QUEUED
    assert [name for _, name, _ in events(await anext(pieces))] == ["state"]
    stream.send("note", {})
    assert [name for _, name, _ in events(await anext(pieces))] == ["note"]


async def test_a_feed_without_news_says_that_it_lives(stream: EventStream, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pieces = await begun(stream)
    monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.0)
    assert (await anext(pieces)).startswith(b":")


async def test_there_are_only_so_many_readers(stream: EventStream) -> None:
    readers = [stream.subscribe() for _ in range(MAX_SUBSCRIBERS)]
    with pytest.raises(TooManySubscribers):
        stream.subscribe()
    readers[0].close()
    stream.subscribe()
    assert len(stream) == MAX_SUBSCRIBERS


async def test_closing_the_feed_ends_its_readers(stream: EventStream) -> None:
    _, pieces = await begun(stream)
    stream.close()
    with pytest.raises(StopAsyncIteration):
        await anext(pieces)
    assert len(stream) == 0


async def test_it_is_known_whether_somebody_ever_read(stream: EventStream) -> None:
    assert not stream.opened.is_set()
    stream.subscribe().close()
    assert stream.opened.is_set()


async def test_text_that_is_none_and_numbers_that_are_none_end_nothing(stream: EventStream) -> None:
    _, pieces = await begun(stream)
    stream.send("note", {"text": "half a \ud83d character", "all": [float("nan"), (float("inf"), 1.5)]})
    stream.send("note", {"text": "\u2028\u202e\x00\x1b]52;c;eA==\x07\r\n</script>"})
    first, second = events(await anext(pieces))
    assert first[2] == {"text": "half a ? character", "all": [None, [None, 1.5]]}
    assert second[2]["text"].endswith("\r\n</script>")


@given(st.text(st.characters(exclude_categories=[]), max_size=20), st.floats())
def test_any_text_and_number_is_valid_json(text: str, number: float) -> None:
    stream = EventStream("run", lambda: {"all": 1})
    subscriber = stream.subscribe()
    subscriber.take()
    stream.send("note", {"text": text, "number": number})
    [(_, _, data)] = events(subscriber.take())
    assert len(data["text"]) == len(text)
