"""Mosquittos joined by bridges: the first is the hub, the others are bridged to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from brokers.process import LOOPBACK, BrokerProcess, configured_process, free_ports, running
from node.links.address import BrokerAddress


@dataclass(frozen=True)
class Place:
    """One mosquitto: its name, folder and ports, and the hub's port, None for the hub itself."""

    name: str
    folder: Path
    mqtt: int
    websocket: int
    hub: int | None


def plain(place: Place) -> str:
    """Return a configuration open to everybody on loopback, without TLS."""
    text = f"""
listener {place.mqtt} {LOOPBACK}
listener {place.websocket} {LOOPBACK}
protocol websockets
allow_anonymous true
set_tcp_nodelay true
connection_messages false
"""
    if place.hub is not None:
        text += f"""
connection {place.name}
address {LOOPBACK}:{place.hub}
topic # both 0
cleansession true
notifications false
bridge_attempt_unsubscribe false
restart_timeout 1
"""
    return text


@contextlib.contextmanager
def bridged(
    folder: Path, size: int = 3, configured: Callable[[Place], str] = plain, address: BrokerAddress | None = None
) -> Iterator[Sequence[BrokerProcess]]:
    """Run a hub and what is bridged to it for the length of the context. A size of 1 is one mosquitto alone.

    `address` carries what clients of another configuration than `plain` need: login, TLS. Raises Missing without
    mosquitto.
    """
    like = address or BrokerAddress(LOOPBACK)
    nodes = [configured_process("mosquitto", place, configured, like) for place in _places(folder, size)]
    with running(*nodes):
        yield nodes


def _places(folder: Path, size: int) -> list[Place]:
    ports = free_ports(2 * size)
    names = [f"m{number + 1}" for number in range(size)]
    return [
        Place(name, folder / name, *ports[2 * number : 2 * number + 2], ports[0] if number else None)
        for number, name in enumerate(names)
    ]
