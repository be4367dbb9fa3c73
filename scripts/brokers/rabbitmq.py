"""A cluster of RabbitMQ nodes with its plugins for MQTT; three of them take half a minute to meet."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brokers.process import LOOPBACK, BrokerProcess, free_ports, program, running
from node.links.address import BrokerAddress

STARTS_S = 240.0
PLUGINS = "[rabbitmq_mqtt,rabbitmq_web_mqtt].\n"
ENDS_S, LOOK_EVERY_S = 5.0, 0.2


@dataclass(frozen=True)
class Place:
    """One node: its name, folder and ports, and the names of all nodes."""

    name: str
    folder: Path
    mqtt: int
    websocket: int
    amqp: int
    distribution: int
    names: tuple[str, ...]


def plain(place: Place) -> str:
    """Return a configuration open to everybody on loopback, without TLS."""
    peers = "\n".join(
        f"cluster_formation.classic_config.nodes.{number} = {name}" for number, name in enumerate(place.names, 1)
    )
    return f"""
listeners.tcp.1 = {LOOPBACK}:{place.amqp}
mqtt.listeners.tcp.1 = {LOOPBACK}:{place.mqtt}
mqtt.allow_anonymous = true
web_mqtt.tcp.ip = {LOOPBACK}
web_mqtt.tcp.port = {place.websocket}
cluster_formation.peer_discovery_backend = classic_config
{peers}
"""


@contextlib.contextmanager
def cluster(
    folder: Path, size: int = 3, configured: Callable[[Place], str] = plain
) -> Iterator[Sequence[BrokerProcess]]:
    """Run a cluster for the length of the context, ready when each node lets clients in. Raises Missing without it."""
    places, (mapper,) = _places(folder, size), free_ports(1)
    nodes = [_node(place, configured(place), mapper) for place in places]
    try:
        with contextlib.ExitStack() as stack:
            for node in nodes:  # one after the other: all at once they may each begin a cluster of their own
                stack.enter_context(running(node, patience_s=STARTS_S))
            yield nodes
    finally:
        _end_port_mapper(mapper)


def _node(place: Place, configuration: str, mapper: int) -> BrokerProcess:
    place.folder.mkdir()
    (place.folder / "rabbitmq.conf").write_text(configuration)
    (place.folder / "enabled_plugins").write_text(PLUGINS)
    environment = {
        "HOME": str(place.folder.parent),  # for the cookie by which the nodes know each other
        "ERL_CRASH_DUMP": str(place.folder / "crash"),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_NODENAME": place.name,
        "RABBITMQ_NODE_PORT": str(place.amqp),
        "RABBITMQ_DIST_PORT": str(place.distribution),
        "RABBITMQ_MNESIA_BASE": str(place.folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(place.folder / "logs"),
        "RABBITMQ_CONFIG_FILE": str(place.folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place.folder / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(place.folder / "pid"),
        # Schedulers that wait in a loop would take the cores from the nodes of the call.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1 +sbwt none",
    }
    return BrokerProcess(
        place.name,
        [_server()],
        BrokerAddress(LOOPBACK, place.mqtt),
        place.folder / "log",
        websocket=BrokerAddress(LOOPBACK, place.websocket, path="/ws"),
        environment=environment,
    )


def _server() -> str:
    """Return the server itself: Debian's command of that name changes the user and forgets the environment."""
    itself = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(itself) if itself.is_file() else program("rabbitmq-server")


def _end_port_mapper(port: int) -> None:
    """End the daemon of Erlang that the nodes left behind; for a moment it takes them for alive, and refuses."""
    environment, ends = {**os.environ, "ERL_EPMD_PORT": str(port)}, time.monotonic() + ENDS_S
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = [program("epmd"), "-kill"]
        while b"not allowed" in _said(command, environment) and time.monotonic() < ends:
            time.sleep(LOOK_EVERY_S)


def _said(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """Return all that a command prints."""
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=ENDS_S, check=False)
    return ended.stdout + ended.stderr


def _places(folder: Path, size: int) -> list[Place]:
    ports, tag = free_ports(4 * size), os.getpid()
    names = tuple(f"pictophone{tag}x{number + 1}@localhost" for number in range(size))
    return [
        Place(name, folder / f"r{number + 1}", *ports[4 * number : 4 * number + 4], names)
        for number, name in enumerate(names)
    ]
