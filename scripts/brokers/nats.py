"""A cluster of NATS servers that speak MQTT, which wants JetStream."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from brokers.process import LOOPBACK, BrokerProcess, configured_process, free_ports, running
from node.links.address import BrokerAddress


@dataclass(frozen=True)
class Place:
    """Where one server of the cluster is: its name, folder and ports, and where all servers meet."""

    name: str
    folder: Path
    mqtt: int
    websocket: int
    clients: int
    route: int
    routes: tuple[int, ...]

    @property
    def all_routes(self) -> str:
        return ", ".join(f"nats://{LOOPBACK}:{port}" for port in self.routes)


def plain(place: Place) -> str:
    """Return a configuration open to everybody on loopback, without TLS."""
    meeting = f"cluster {{ name: tests, listen: {LOOPBACK}:{place.route}, routes: [ {place.all_routes} ] }}"
    return f"""
server_name: {place.name}
listen: {LOOPBACK}:{place.clients}
mqtt {{ listen: {LOOPBACK}:{place.mqtt} }}
websocket {{ listen: {LOOPBACK}:{place.websocket}, no_tls: true }}
jetstream {{ store_dir: "{place.folder}/store", max_memory_store: 64MB, max_file_store: 256MB }}
{meeting if len(place.routes) > 1 else ""}
"""


def edge(place: Place) -> str:
    """Return as `plain` does, but with a store on the first three servers alone: the others keep nothing."""
    text = plain(place)
    return text if place.name in ("n1", "n2", "n3") else re.sub(r"^jetstream .*\n", "", text, flags=re.MULTILINE)


def edges(folder: Path, size: int = 5) -> contextlib.AbstractContextManager[Sequence[BrokerProcess]]:
    """Run a cluster whose first three servers alone keep a store."""
    return cluster(folder, size, edge)


@contextlib.contextmanager
def cluster(
    folder: Path, size: int = 3, configured: Callable[[Place], str] = plain, address: BrokerAddress | None = None
) -> Iterator[Sequence[BrokerProcess]]:
    """Run a cluster for the length of the context, ready when each server lets clients in.

    `address` carries what clients of another configuration than `plain` need: login, TLS. Raises Missing without NATS.
    """
    like = address or BrokerAddress(LOOPBACK)
    nodes = [configured_process("nats-server", place, configured, like) for place in _places(folder, size)]
    with running(*nodes):
        yield nodes


def _places(folder: Path, size: int) -> list[Place]:
    ports = free_ports(4 * size)
    routes = tuple(ports[3::4])
    return [
        Place(f"n{number + 1}", folder / f"n{number + 1}", *ports[4 * number : 4 * number + 4], routes)
        for number in range(size)
    ]
