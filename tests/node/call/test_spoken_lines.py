"""Which lines are read aloud: typed ones, and spoken ones whose sound did not come."""

from __future__ import annotations

from dataclasses import replace

from node.call.observers import ChatLine
from node.call.spoken_lines import LATE_S, SpokenLines
from protocol.signalling import Hello

NOW = 1000.0
LINE = ChatLine("bbbb", 0, "Ben", "hello", NOW - 5, mine=False, via="bbbb")
SPOKEN = replace(LINE, spoken_s=3.0)


class Reader:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.spoken = SpokenLines(self, lambda: NOW)  # type: ignore[arg-type]

    def read(self, text: str) -> None:
        self.lines.append(text)

    def take(self, line: ChatLine) -> None:
        self.spoken.line_typed(line, b"")


def test_what_is_typed_is_read_and_nothing_of_ones_own_or_old() -> None:
    reader = Reader()
    reader.take(LINE)
    reader.take(replace(LINE, mine=True))
    reader.take(replace(LINE, at=NOW - LATE_S - 1))
    assert reader.lines == ["hello"]


def test_what_is_spoken_is_read_unless_its_sound_came() -> None:
    reader = Reader()
    reader.take(SPOKEN)
    reader.spoken.speech_received("bbbb", 0, 0, b"x", ())
    reader.take(SPOKEN)
    reader.take(LINE)
    reader.spoken.left("bbbb")
    reader.take(replace(SPOKEN, text="after all"))
    assert reader.lines == ["hello", "hello", "after all"]


def test_among_several_people_a_line_begins_with_its_authors_name() -> None:
    reader = Reader()
    for peer in ("bbbb", "cccc"):
        reader.spoken.joined(peer, Hello(1, peer))
    for line in (SPOKEN, replace(SPOKEN, text="again"), replace(SPOKEN, author="cccc", name="Cleo", text="yes")):
        reader.take(line)
    assert reader.lines == ["Ben: hello", "again", "Cleo: yes"]
