"""Hellos that a room believes: they echo its challenge, as those of a peer who is alive do."""

from __future__ import annotations

from dataclasses import replace

from protocol.signalling import Hello, Room
from protocol.signalling.messages import Proof, encode
from protocol.topics import Letter


def proven(room: Room, hello: Hello, number: int = 0) -> Hello:
    """Return the hello with an echo of what the room wants echoed now."""
    return replace(hello, proof=Proof(number, challenge=hello.session + 1, echoes=(room.liveness.challenge,)))


def greet(room: Room, sender: str, hello: Hello, now: float = 0, number: int = 0) -> None:
    """Say hello to the room, and prove it."""
    room.receive(sender, Letter.PRESENCE, encode(proven(room, hello, number)), now)
