"""The chat in the terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.call.observers import ChatLine
from node.terminal.conversation import MARK_S, Conversation, LinePipe

MINE = ChatLine("aaaa", 0, "ann", "hello", 0.0, True, "aaaa", waiting=("bob",))


class Shown:
    def __init__(self) -> None:
        self.now, self.lines = 0.0, list[str]()
        self.chat = Conversation(lambda text: self.lines.append(text[6:]), lambda: self.now)


def test_a_line_of_ours_is_shown_with_who_has_it() -> None:
    shown = Shown()
    shown.chat.line_typed(MINE, b"")
    assert shown.lines == []
    shown.chat.line_marked(replace(MINE, have=("bob",), waiting=()))
    assert shown.lines == ["you: hello  [✓ bob]"]


def test_one_that_waits_is_shown_soon_and_said_when_it_arrives() -> None:
    shown = Shown()
    shown.chat.line_typed(MINE, b"")
    shown.now = MARK_S
    shown.chat.refresh()
    shown.chat.line_marked(replace(MINE, have=("bob",), waiting=()))
    assert shown.lines == ["you: hello  [… waits for bob]", "✓ bob: hello"]


def test_lines_of_ours_stay_in_order_and_those_of_others_come_at_once() -> None:
    shown = Shown()
    shown.chat.line_typed(MINE, b"")
    shown.chat.line_typed(replace(MINE, number=1, text="second"), b"")
    shown.chat.line_typed(ChatLine("bbbb", 0, "bob", "hi", 1e300, False, "bbbb"), b"")
    shown.chat.line_marked(replace(MINE, number=1, text="second", have=("bob",), waiting=()))
    shown.chat.line_marked(replace(MINE, have=("bob",), waiting=()))
    shown.chat.line_typed(replace(MINE, number=2, waiting=()), b"")
    assert shown.lines == [
        "bob: hi",
        "you: hello  [✓ bob]",
        "you: second  [✓ bob]",
        "you: hello  [nobody is here to read it]",
    ]


def test_a_script_gets_name_and_text_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    pipe = LinePipe()
    pipe.line_typed(MINE, b"")
    pipe.line_typed(ChatLine("bbbb", 0, "b\tob", "hi\nthere\x1b", 0.0, False, "bbbb"), b"")
    assert capsys.readouterr().out == "b ob\thi there�\n"
