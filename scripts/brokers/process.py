"""One broker's process on loopback: started, awaited, killed, frozen."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar

from node.links.address import BrokerAddress

LOOPBACK = "127.0.0.1"
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.05
ENDS_S = 10.0
ACCEPTED = b"\x20\x02\x00\x00"


class Missing(Exception):
    """A program that this machine does not have."""


def program(name: str) -> str:
    """Return where a program is. Raises Missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/lib/rabbitmq/bin")
    if found is None:
        raise Missing(f"needs {name}")
    return found


def free_ports(count: int) -> list[int]:
    """Return so many different TCP ports of loopback on which nothing listens."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@dataclass
class BrokerProcess:
    """A process with MQTT at `address`; what it prints is in `log`."""

    name: str
    command: Sequence[str]
    address: BrokerAddress
    log: Path
    websocket: BrokerAddress | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a shell around it, or its helpers, end with it
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def wait(self, patience_s: float = PATIENCE_S) -> None:
        """Return when it lets a client in. Raises RuntimeError if it ends or takes longer."""
        ends = time.monotonic() + patience_s
        while not self._lets_in():
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.log.read_text(errors='replace')[-2000:]}")
            if time.monotonic() > ends:
                raise RuntimeError(f"{self.name} lets nobody in: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(LOOK_EVERY_S)

    def kill(self) -> None:
        """End it without a word."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Let it stand still: its connections live and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._signal(signal.SIGCONT)
        self._signal(number)
        try:
            self._process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _lets_in(self) -> bool:
        """Return whether a CONNECT is answered; over TLS, whether somebody listens."""
        with (
            contextlib.suppress(OSError),
            socket.create_connection((self.address.host, self.address.port), 5) as client,
        ):
            if self.address.tls:
                return True
            client.sendall(_connect(self.address))
            return client.recv(4) == ACCEPTED
        return False


class Placed(Protocol):
    """Where a broker is that takes one file of configuration."""

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> Path: ...

    @property
    def mqtt(self) -> int: ...

    @property
    def websocket(self) -> int: ...


SomePlace = TypeVar("SomePlace", bound=Placed)


def configured_process(
    server: str, place: SomePlace, configured: Callable[[SomePlace], str], like: BrokerAddress
) -> BrokerProcess:
    """Make a broker's folder, write its configuration there, and return its process.

    Clients need what `like` carries. Raises Missing without the server.
    """
    place.folder.mkdir()
    file = place.folder / f"{server}.conf"
    file.write_text(configured(place))
    return BrokerProcess(
        place.name,
        [program(server), "-c", str(file)],
        replace(like, port=place.mqtt),
        place.folder / "log",
        websocket=replace(like, port=place.websocket, path="/mqtt"),
    )


def _connect(address: BrokerAddress) -> bytes:
    """Return MQTT 3.1.1's CONNECT, with a clean session and an id of its own."""
    login = [text.encode() for text in (address.username, address.password) if text is not None]
    flags = 2 | (0x80 if address.username else 0) | (0x40 if address.password else 0)
    body = b"\0\4MQTT\4" + bytes([flags]) + b"\0\5"
    body += b"".join(len(text).to_bytes(2) + text for text in (os.urandom(4).hex().encode(), *login))
    return bytes([0x10, len(body)]) + body


@contextlib.contextmanager
def running(*nodes: BrokerProcess, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Run them, all at once, for the length of the context, which begins when each lets clients in."""
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait(patience_s)
        yield
    finally:
        for node in nodes:
            node.kill()
