"""The states of a call between two nodes, as a table: what is not in the table changes nothing.

A deadline that passes in a state without a timeout of its own counts as `Trigger.LOST`.

`diagram()` draws it for the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["TRANSITIONS", "State", "Trigger", "diagram"]


class State(StrEnum):
    """Where the call with one peer stands."""

    IDLE = "idle"  # nothing to say to each other, or the peer hung up
    WAITING = "waiting"  # it is the peer's turn to offer
    PREPARING_OFFER = "preparing offer"  # the node makes our description
    OFFERED = "offered"  # sent, and sent again until it is answered
    PREPARING_ANSWER = "preparing answer"  # the node makes our description from the peer's
    ANSWERED = "answered"  # media is to come up
    CONNECTING = "connecting"  # media is to come up
    CONNECTED = "connected"
    UNSEEN = "unseen"  # connected, but the peer's last will came: its broker is gone, its media is not
    PAUSED = "paused"  # the call failed; a new one follows
    LEFT = "left"  # the peer is gone


class Trigger(StrEnum):
    """What moves the call on."""

    OUR_TURN = "our turn"
    THEIR_TURN = "their turn"
    DESCRIBED = "described"
    OFFER = "offer"
    ANSWER = "answer"
    BYE = "bye"
    CONNECTED = "connected"
    LOST = "lost"
    TIMEOUT = "timeout"
    GONE = "gone"
    SEEN = "seen"


_ENDS = {Trigger.BYE: State.IDLE, Trigger.LOST: State.PAUSED, Trigger.GONE: State.LEFT}
_YIELDS = {Trigger.OFFER: State.PREPARING_ANSWER}

TRANSITIONS: Mapping[State, Mapping[Trigger, State]] = {
    State.IDLE: {
        Trigger.OUR_TURN: State.PREPARING_OFFER,
        Trigger.THEIR_TURN: State.WAITING,
        Trigger.GONE: State.LEFT,
        **_YIELDS,
    },
    State.WAITING: {Trigger.TIMEOUT: State.PREPARING_OFFER, Trigger.GONE: State.LEFT, **_YIELDS},
    State.PREPARING_OFFER: {Trigger.DESCRIBED: State.OFFERED, **_YIELDS, **_ENDS},
    State.OFFERED: {Trigger.ANSWER: State.CONNECTING, Trigger.TIMEOUT: State.OFFERED, **_YIELDS, **_ENDS},
    State.PREPARING_ANSWER: {Trigger.DESCRIBED: State.ANSWERED, **_YIELDS, **_ENDS},
    State.ANSWERED: {Trigger.CONNECTED: State.CONNECTED, **_YIELDS, **_ENDS},
    State.CONNECTING: {Trigger.CONNECTED: State.CONNECTED, **_YIELDS, **_ENDS},
    State.CONNECTED: {**_YIELDS, **_ENDS, Trigger.GONE: State.UNSEEN},
    State.UNSEEN: {Trigger.SEEN: State.CONNECTED, Trigger.BYE: State.LEFT, Trigger.LOST: State.LEFT},
    State.PAUSED: {Trigger.TIMEOUT: State.PREPARING_OFFER, Trigger.GONE: State.LEFT, **_YIELDS},
    State.LEFT: {},
}


def diagram() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {_label(State.IDLE)}"]
    for state, row in TRANSITIONS.items():
        lines += [f"    {_label(state)} --> {_label(after)}: {trigger}" for trigger, after in row.items()]
    lines.append(f"    {_label(State.LEFT)} --> [*]")
    return "\n".join(lines)


def _label(state: State) -> str:
    return state.replace(" ", "_")
