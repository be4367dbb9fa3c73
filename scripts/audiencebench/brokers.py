"""Brokers to be measured: a mosquitto, a nats-server, a cluster of three of them, or one that runs already."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audiencebench import mqtt
from audiencebench.listeners import Server
from node.links.address import BrokerAddress
from protocol.errors import NodeError

LOOPBACK = "127.0.0.1"
SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin"
STARTED_S = 30.0
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
        """Return the processor seconds of all of them so far."""
        return sum(map(_cpu_s, self.pids)) if self.pids else None


@contextlib.contextmanager
def started(name: str, pid: int | None = None) -> Iterator[Brokers]:
    """Start the brokers of that name, or take it for addresses. Raises CannotStart, NodeError."""
    if name not in OWN:
        servers = [_server(BrokerAddress.parse(address)) for address in name.split(",")]
        yield Brokers(name, servers, () if pid is None else (pid,))
        return
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ends:
        commands, servers = OWN[name](Path(folder))
        processes = [ends.enter_context(_running(command, Path(folder))) for command in commands]
        for server, process in zip(servers, processes, strict=True):
            _until_it_answers(server, process, Path(folder))
        yield Brokers(name, servers, [process.pid for process in processes])


def _server(address: BrokerAddress) -> Server:
    if address.tls or address.username:
        raise NodeError(f"{address}: the bench speaks neither TLS nor with a login: measure a broker of your own")
    return address.host, address.port


def _mosquitto(folder: Path) -> tuple[list[list[str]], list[Server]]:
    [port] = _free_ports(1)
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} {LOOPBACK}\nallow_anonymous true\nset_tcp_nodelay true\n")
    return [[_program("mosquitto"), "-c", str(configuration)]], [(LOOPBACK, port)]


def _nats(folder: Path, nodes: int = 1) -> tuple[list[list[str]], list[Server]]:
    """MQTT there needs JetStream, and a cluster of it at least three nodes."""
    program, ports = _program("nats-server"), _free_ports(3 * nodes)
    routes = ", ".join(f"nats://{LOOPBACK}:{port}" for port in ports[1::3])
    commands, servers = [], []
    for number in range(nodes):
        client, route, port = ports[3 * number : 3 * number + 3]
        cluster = f'cluster {{ name: bench, listen: "{LOOPBACK}:{route}", routes: [{routes}] }}\n' if nodes > 1 else ""
        configuration = folder / f"nats{number}.conf"
        configuration.write_text(
            f'server_name: n{number}\nlisten: "{LOOPBACK}:{client}"\n{cluster}'
            f'jetstream {{ store_dir: "{folder / str(number)}" }}\n'
            f'mqtt {{ listen: "{LOOPBACK}:{port}" }}\n'
        )
        commands.append([program, "-c", str(configuration)])
        servers.append((LOOPBACK, port))
    return commands, servers


def _nats_cluster(folder: Path) -> tuple[list[list[str]], list[Server]]:
    return _nats(folder, CLUSTER_OF)


OWN: dict[str, Callable[[Path], tuple[list[list[str]], list[Server]]]] = {
    "mosquitto": _mosquitto,
    "nats": _nats,
    "nats-cluster": _nats_cluster,
}


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=SYSTEM_FOLDERS)
    if found is None:
        raise CannotStart(f"{name} is not installed (Debian: apt install {name})")
    return found


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as open_sockets:
        probes = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@contextlib.contextmanager
def _running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STARTED_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_it_answers(server: Server, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until an MQTT client is let in: a cluster does that once it has chosen a leader."""
    end = time.monotonic() + STARTED_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(server, 2.0) as sock:
            sock.sendall(mqtt.connect("anybody there"))
            if sock.recv(4, socket.MSG_WAITALL)[3:4] == b"\0":
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    last = (folder / "log").read_text(errors="replace").splitlines()[-1:]
    raise CannotStart(f"the broker at port {server[1]} does not answer: {''.join(last) or 'it says nothing'}")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
