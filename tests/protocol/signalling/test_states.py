from __future__ import annotations

from protocol.signalling.states import TRANSITIONS, State, Trigger, diagram


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(State)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {after for row in TRANSITIONS.values() for after in row.values()}
    assert reached | {State.IDLE} == set(State)
    assert [state for state, row in TRANSITIONS.items() if not row] == [State.LEFT]


def test_every_trigger_does_something() -> None:
    assert {trigger for row in TRANSITIONS.values() for trigger in row} == set(Trigger)


def test_the_diagram_shows_the_whole_table() -> None:
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert "    offered --> connecting: answer" in lines
    assert len(lines) == 3 + sum(len(row) for row in TRANSITIONS.values())
