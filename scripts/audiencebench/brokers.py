"""Brokers to be measured: a mosquitto, a nats-server, clusters of three, or one that runs already."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audiencebench.listeners import Server
from brokers import bridges, nats, rabbitmq
from brokers.process import BrokerProcess, Missing
from node.links.address import BrokerAddress
from protocol.errors import NodeError

CLUSTER_OF = 3


class CannotStart(Exception):
    """There is no such broker on this machine."""


@dataclass(frozen=True, slots=True)
class Brokers:
    """Where listeners go in turn, the speaker to the first one; the processes whose time is counted, if known."""

    name: str
    servers: Sequence[Server]
    pids: Sequence[int] = ()

    def cpu_s(self) -> float | None:
        """Return the processor seconds of all of them so far, and of what they started."""
        return sum(map(_cpu_s, self.pids)) if self.pids else None


Starter = Callable[[Path], contextlib.AbstractContextManager[Sequence[BrokerProcess]]]
# Each makes its brokers in a folder and lets them run for the length of a context.
OWN: dict[str, Starter] = {
    "mosquitto": lambda folder: bridges.bridged(folder, 1),
    "nats": lambda folder: nats.cluster(folder, 1),
    "nats-cluster": lambda folder: nats.cluster(folder, CLUSTER_OF),
    "mosquitto-bridges": lambda folder: bridges.bridged(folder, CLUSTER_OF),
    "rabbitmq-cluster": lambda folder: rabbitmq.cluster(folder, CLUSTER_OF),
}


@contextlib.contextmanager
def started(name: str, pid: int | None = None) -> Iterator[Brokers]:
    """Start the brokers of that name, or take it for addresses. Raises CannotStart, NodeError."""
    if name not in OWN:
        servers = [_server(BrokerAddress.parse(address)) for address in name.split(",")]
        yield Brokers(name, servers, () if pid is None else (pid,))
        return
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            nodes = stack.enter_context(OWN[name](folder))
        except (Missing, RuntimeError) as error:
            raise CannotStart(f"{name}: {error}") from error
        yield Brokers(name, [(node.address.host, node.address.port) for node in nodes], [node.pid for node in nodes])


def _server(address: BrokerAddress) -> Server:
    if address.scheme != "mqtt" or address.username:
        raise NodeError(f"{address}: the bench speaks plain MQTT without a login: measure a broker of your own")
    return address.host, address.port


def _cpu_s(pid: int) -> float:
    """Return the seconds of a process and of those below it: RabbitMQ's is a shell around Erlang's."""
    total = 0.0
    for one in [pid, *_below(pid)]:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _below(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_below(child)]
    return found
