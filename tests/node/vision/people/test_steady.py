"""Values that hold over several snapshots, on a clock of the test."""

from __future__ import annotations

import pytest

from node.vision.people.steady import BASELINE_LEAST, RETURN_S, EyeBaseline, Held


def run(held: Held[str], seen: str, step: float = 0.5, start: float = 0.0) -> list[str]:
    return [held.update(value, start + step * number) for number, value in enumerate(seen)]


def test_one_snapshot_alone_changes_nothing() -> None:
    assert run(Held("a"), "aababaa") == list("aaaaaaa")


def test_two_in_a_row_do() -> None:
    held = Held("a")
    assert run(held, "aabbb") == list("aaabb")
    assert not held.pending


def test_what_waits_for_another_snapshot_is_pending() -> None:
    held = Held("a", settled=True)
    held.update("b", 1.0)
    assert held.pending
    held.update("a", 1.5)
    assert not held.pending


def test_what_must_last_lasts() -> None:
    held = Held("a", lasting_s=2.0, settled=True)
    assert run(held, "bbbbb") == list("aaaab")


def test_the_first_value_needs_no_time_to_last() -> None:
    assert run(Held("", lasting_s=9.0), "bb") == ["", "b"]


@pytest.mark.parametrize("step", [0.5, 1.0])
def test_a_value_is_not_taken_back_at_once(step: float) -> None:
    held = Held("a", settled=True)
    run(held, "bb")  # it changes at 0.5 s
    returned = run(held, "a" * 20, step, start=1.0)
    assert returned.index("a") * step + 1.0 == RETURN_S + 0.5
    assert held.value == "a"


def test_a_third_value_is_taken_at_once() -> None:
    held = Held("a", settled=True)
    assert run(held, "bbcc") == list("abbc")


def test_eyes_are_closed_against_the_persons_own_open_ones() -> None:
    wide, narrow = EyeBaseline(), EyeBaseline()
    for _ in range(BASELINE_LEAST):
        assert not wide.known
        wide.add(0.1)
        narrow.add(0.6)
    assert wide.known
    assert wide.closed(0.64)
    assert not narrow.closed(0.64)
    assert narrow.closed(0.9)
    wide.clear()
    assert not wide.known
