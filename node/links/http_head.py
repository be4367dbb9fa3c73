"""The head of an HTTP answer, read from a socket up to its last byte and no further: what follows speaks otherwise."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.common.printable import printable

# Of a head: proxies and web servers send some hundred bytes; without an end it is none.
MAX_HEAD_BYTES: Final = 16_384
# Of foreign text in a line for a person.
MAX_SHOWN: Final = 80

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)(?: ([^\r\n]*))?\r?\n")


class NoWay(ConnectionError):
    """What is on the way to the broker does not let us through: a line for a person, and whether a person must act."""

    def __init__(self, text: str, final: bool = True) -> None:
        super().__init__(text)
        self.is_final = final


class Deadline:
    """One time limit for all steps on the way to a broker, so that a server that dribbles gets no more than others."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError at the end."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    @contextlib.contextmanager
    def over(self, sock: socket.socket) -> Iterator[None]:
        """Limit the next operation of a socket."""
        sock.settimeout(self.left())
        yield


@dataclass(frozen=True, slots=True)
class Head:
    """An answer's status, its reason, where it sends us, and its bytes."""

    status: int
    reason: str
    location: str
    raw: bytes

    def __str__(self) -> str:
        return f"HTTP {self.status}{f' {self.reason}' if self.reason else ''}"


def read(sock: socket.socket, deadline: Deadline) -> Head | None:
    """Return the head of the answer that comes, None if it is none. Raises OSError, and TimeoutError, as sockets do."""
    raw = bytearray()
    while not raw.endswith((b"\r\n\r\n", b"\n\n")):
        with deadline.over(sock):
            byte = sock.recv(1)
        raw += byte
        if not byte or len(raw) > MAX_HEAD_BYTES or bytes(raw[:7]) != b"HTTP/1."[: len(raw)]:
            return None
    return parse(bytes(raw))


def parse(raw: bytes) -> Head | None:
    """Return what a head says, None for any bytes that are none. What it says is printable and short."""
    status = _STATUS.match(raw)
    if status is None:
        return None
    location = re.search(rb"\n[Ll]ocation: *([^\r\n]*)", raw)
    said = (status[2] or b"", location[1] if location else b"")
    reason, where = (shown(text.decode("latin-1")) for text in said)
    return Head(int(status[1]), reason, where, raw)


def shown(text: str) -> str:
    """Return foreign text as it may stand in a line."""
    return printable(text.strip())[:MAX_SHOWN]
