"""Which notes pass: each once, or so many, on a clock that the test turns."""

from __future__ import annotations

from node.common.notes import BURST, BURST_OF_KIND, MAX_KINDS, MAX_REMEMBERED, PER_S_OF_KIND, NoteOnce, NotePace


class Clocked:
    def __init__(self) -> None:
        self.now = 100.0
        self.pace = NotePace(lambda: self.now)
        self.shown: list[str] = []

    def note(self, text: str) -> None:
        self.shown += self.pace.take(text)


def test_what_a_call_has_to_say_passes() -> None:
    clocked = Clocked()
    notes = [f"{name} {what}" for name in "abcdefg" for what in ("is here", "has left", "is here")]
    for note in notes:
        clocked.note(note)
    assert clocked.shown == notes
    assert list(clocked.pace.due(at_end=True)) == []


def test_a_flood_is_counted_and_reported_seldom() -> None:
    clocked = Clocked()
    seconds, a_second = 100, 50
    for number in range(seconds * a_second):
        clocked.now += 1 / a_second
        clocked.note(f"\x1b{number} is here")
    assert len(clocked.shown) <= BURST_OF_KIND + seconds * PER_S_OF_KIND + 1
    clocked.shown += clocked.pace.due(at_end=True)
    counted = [int(line.split()[0].replace(",", "")) for line in clocked.shown if "more like “… is here”" in line]
    assert sum(counted) + len(clocked.shown) - len(counted) == seconds * a_second


def test_a_flood_of_one_kind_keeps_back_no_other() -> None:
    clocked = Clocked()
    for number in range(1000):
        clocked.note(f"{number} is here")
        clocked.note(f"{number} has left")
    clocked.note("the broker is gone; pictures wait for it, speech goes on")
    assert clocked.shown[-1] == "the broker is gone; pictures wait for it, speech goes on"


def test_after_a_flood_notes_pass_again() -> None:
    clocked = Clocked()
    for number in range(1000):
        clocked.note(f"{number} is here")
    clocked.shown.clear()
    clocked.now += 60
    clocked.note("bob is here")
    assert clocked.shown == [f"{1000 - int(BURST_OF_KIND)} more like “… is here”", "bob is here"]


def test_notes_that_are_all_of_another_kind_are_bounded_too() -> None:
    clocked = Clocked()
    for number in range(10 * MAX_KINDS):
        clocked.note(f"painted now.png: {number} {number}")
    assert len(clocked.shown) <= BURST
    assert len(list(clocked.pace.due(at_end=True))) <= MAX_KINDS + 1


def test_a_line_is_noted_once() -> None:
    noted: list[str] = []
    once = NoteOnce(noted.append)
    for text in ("a", "b", "a"):
        once(text)
    assert noted == ["a", "b"]


def test_lines_that_are_all_different_are_bounded() -> None:
    noted: list[str] = []
    once = NoteOnce(noted.append)
    for number in range(2 * MAX_REMEMBERED):
        once(str(number))
    assert len(noted) == MAX_REMEMBERED
