"""How far an attempt at a speech link came."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from greeting import greet
from happenings import until

from node.links.attempts import Attempt, attempt_with, cause_of
from node.links.linked_peer import LinkSettings
from node.links.peer_events import PeerEvents
from node.links.peers import Peers
from node.links.wire_meter import WireMeter
from protocol.signalling import Carries, Hello, Room
from protocol.signalling.states import State

BLOCKED = Attempt(State.CONNECTING, ours=1, theirs=2)


async def test_an_attempt_is_what_room_and_link_know_of_it() -> None:
    calls = Peers(
        Room("aaaa", Hello(1, "ann")),
        Carries.EVERYTHING,
        PeerEvents(),
        lambda outgoing: None,
        LinkSettings(WireMeter(), address="127.0.0.1"),
    )
    async with asyncio.TaskGroup() as tasks:
        calls.start(tasks)
        assert attempt_with(calls, "bbbb") == Attempt(State.LEFT)
        greet(calls.room, "bbbb", Hello(2, "bob"))
        calls._drain()
        assert attempt_with(calls, "bbbb").state is State.PREPARING_OFFER
        await until(lambda: attempt_with(calls, "bbbb").state is State.OFFERED)
        assert attempt_with(calls, "bbbb") == Attempt(State.OFFERED, ours=1)
        await calls.leave()


@pytest.mark.parametrize(
    ("attempt", "cause"),
    [
        (Attempt(State.PREPARING_OFFER), "our own addresses are still being looked for"),
        (Attempt(State.WAITING), "the peer has not called yet"),
        (Attempt(State.IDLE), "the peer ended the call"),
        (Attempt(State.PAUSED), None),
        (Attempt(State.CONNECTING), "this machine has no address that media could go from"),
        (replace(BLOCKED, ours_are_local=True), "this machine has no network but itself"),
        (Attempt(State.ANSWERED, ours=1), "the peer named no address"),
        (replace(BLOCKED, heard_at=3.0, path=True), "a path was found, but its encryption (DTLS) is not agreed yet"),
        (
            replace(BLOCKED, heard_at=3.0),
            "no path was found: the peer's packets come here, and ours do not get there (UDP is blocked one way)",
        ),
    ],
)
def test_each_state_has_its_cause(attempt: Attempt, cause: str | None) -> None:
    assert cause_of(attempt) == cause
