"""The chat on the page: what it shows, and lines that are said from it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from web_client import Bystander, Visitor, a_page, visiting

from node.call.observers import ChatLine
from node.web.chat_texts import MAX_TEXTS, ChatTexts, text_json
from node.web.page_observers import CallFeeder

HOSTILE = "\x1b[2J\u202etxt <b>[/b]\r\n\x9b"


def line(number: int, text: str = "hello", **more: object) -> ChatLine:
    return ChatLine("bbbb", number, "bob", text, 100.0 + number, **{"mine": False, "via": "bbbb", **more})  # type: ignore[arg-type]


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with visiting(a_page(microphone=True)) as visitor:
        visitor.page.watch(Bystander())
        yield visitor


async def test_a_line_is_said_and_shown(visitor: Visitor) -> None:
    async with visitor.ask("POST", "/text", json={"text": " hello "}) as answer:
        assert answer.status == 200
        said = await answer.json()
    assert said == {
        "id": "me-0", "from": "me", "name": "ann", "mine": True, "at": 1764000000.5, "text": "hello",
        "have": ["bob"], "waiting": [], "spoken_s": None,
    }  # fmt: skip
    assert visitor.page.state.to_json()["texts"] == [said]


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({"text": ""}, 422, "the line is empty"),
        ({"text": "🜁" * 501}, 422, "at most 500 characters"),
        ({"text": 5}, 422, '"text" is a line'),
        ({}, 422, '"text" is a line'),
        ({"text": "x" * 10_000}, 413, "too long"),
    ],
)
async def test_what_cannot_be_said_is_refused(visitor: Visitor, body: dict[str, object], status: int, why: str) -> None:
    async with visitor.ask("POST", "/text", json=body) as answer:
        assert (answer.status, why in await answer.text()) == (status, True)


async def test_the_longest_line_fits_however_it_is_written(visitor: Visitor) -> None:
    async with visitor.ask("POST", "/text", json={"text": "🜁" * 500}) as answer:
        assert answer.status == 200


async def test_nothing_is_said_where_there_is_no_chat() -> None:
    async with visiting(a_page("replay")) as visitor:
        assert await visitor.status("POST", "/text", json={"text": "hello"}) == 409
        assert "texts" not in visitor.page.state.to_json()


def test_a_line_is_safe_to_show_anywhere() -> None:
    shown = text_json(line(0, HOSTILE, have=(HOSTILE,)))
    assert shown["text"] == "�[2J�txt <b>[/b] �"
    assert shown["have"] == [shown["text"]]


async def test_lines_of_two_nodes_are_those_of_the_first() -> None:
    page = a_page("demo")
    page.watch(Bystander("aaaa", "a"), Bystander("bbbb", "b"))
    texts = page.state.texts
    assert texts is not None
    own = CallFeeder(page.state, page.broadcast, "aaaa")
    own.line_typed(ChatLine("aaaa", 0, "a", "hello", 1.0, True, "aaaa", waiting=("b",)), b"")
    own.line_typed(ChatLine("aaaa", 0, "a", "hello", 1.0, False, "aaaa"), b"")
    own.line_marked(ChatLine("aaaa", 0, "a", "hello", 1.0, True, "aaaa", have=("b",)))
    assert [(text["mine"], text["have"], text["waiting"]) for text in texts.to_json()] == [(True, ["b"], [])]


async def test_so_many_are_kept_and_a_replay_that_goes_back_forgets_what_is_later() -> None:
    page, sent = a_page("replay"), list[dict[str, object]]()
    texts = ChatTexts(page.state.events)
    for number in range(MAX_TEXTS + 5):
        texts.show(line(number))
    assert [text["id"] for text in texts.to_json()][:1] == ["bbbb-5"]

    def resend() -> dict[str, object]:
        sent.append({"texts": texts.to_json()})
        return sent[-1]

    texts.forget_after(10_000.0, resend)
    assert sent == []
    texts.forget_after(107.0, resend)
    assert [text["id"] for text in texts.to_json()] == ["bbbb-5", "bbbb-6", "bbbb-7"]
    assert len(sent) == 1
