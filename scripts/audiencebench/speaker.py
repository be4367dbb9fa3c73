"""The speaker in a process of its own: what it publishes, when, and what that costs it on the wire."""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import NamedTuple, Protocol

from audiencebench import mqtt
from audiencebench.listeners import Opened, Server
from node.links.wire_meter import tcp_traffic

ANSWER_S = 10.0
# Before the first word: until then the listeners' side has read the broker's processor time.
LEAD_S = 0.5


class Due(NamedTuple):
    """A message, and how long after the beginning it is to be published."""

    at_s: float
    topic: str
    payload: bytes
    retain: bool = False


class Programme(Protocol):
    """What a speaker has to say. It goes to another process, so it is made of plain data."""

    topics: list[str]

    def messages(self, seconds: float) -> Iterator[Due]:
        """Yield them in the order of their times, made when they are asked for."""
        ...

    def packets_of(self, seconds: float) -> int:
        """Return how many packets a listener opens and proves who misses nothing."""
        ...

    def opener(self) -> tuple[Opened, Callable[[], int]]:
        """Return what takes the messages of one listener, and what counts those that it opened and proved so far."""
        ...


@dataclass(slots=True)
class Said:
    """What was published, with the monotonic moment of each, and what it took upwards, in kbit/s with IP and TCP.

    The end of a session, which is said all at once and once only, is not among it.
    """

    moments: dict[tuple[str, bytes], float] = field(default_factory=dict)
    upload_kbps: float = 0.0


class Speaker:
    """Speaks as soon as its process is there; `said` waits for its end."""

    def __init__(self, server: Server, programme: Programme, seconds: float) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._results, results = spawning.Pipe(duplex=False)
        self._process = spawning.Process(target=speak, args=(results, server, programme, seconds), daemon=True)
        self._process.start()
        results.close()

    def wait_until_it_begins(self) -> None:
        """Raises EOFError if the speaker died, as where the broker does not let it in."""
        self._results.recv()

    def has_ended(self) -> bool:
        return self._results.poll()

    def said(self) -> Said:
        """Raises EOFError if the speaker died."""
        said: Said = self._results.recv()
        self._process.join()
        return said


def speak(results: Connection, server: Server, programme: Programme, seconds: float) -> None:
    """Publish all of it at its times."""
    said = Said()
    with socket.create_connection(server, ANSWER_S) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(mqtt.connect("speaker"))
        sock.recv(4, socket.MSG_WAITALL)
        results.send(None)
        time.sleep(LEAD_S)
        began, before = time.monotonic(), tcp_traffic(sock)
        for due in programme.messages(seconds):
            time.sleep(max(0.0, began + due.at_s - time.monotonic()))
            packet = mqtt.publish(due.topic, due.payload, due.retain)
            if due.at_s < seconds:
                said.moments[due.topic, due.payload] = time.monotonic()
            sock.sendall(packet)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        after = tcp_traffic(sock)
        if before is not None and after is not None:
            said.upload_kbps = (after.sent - before.sent) * 8 / 1000 / seconds
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        results.send(said)
