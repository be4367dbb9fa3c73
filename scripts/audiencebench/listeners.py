"""Thousands of listeners in one process: a socket each, one `epoll` for all, and the moment of every message.

The bench must not be what is measured, so a message costs it as little as Python allows. All listeners get the same
bytes: a packet is taken apart once, and compared with the last one after that.
"""

from __future__ import annotations

import errno
import resource
import select
import socket
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import islice

from audiencebench import mqtt

Opened = Callable[[str, bytes, float], None]
Server = tuple[str, int]

# Fewer take longer, and more overflow the queue in which a system keeps connections for a broker (128 by default).
CONNECTING_AT_ONCE = 100

# Of about 28,000 that Linux lends; the next listeners come from 127.0.0.2, and so on.
PORTS_OF_AN_ADDRESS = 20_000

SPARE_FILES = 64
CONNECT_S = 120.0
RECEIVE_BYTES = 65_536
EVENTS = 1024
LOOK_S = 0.1  # how often `serve` looks whether it is to end


class TooFew(Exception):
    """Not all listeners that were asked for are there."""


class Listener:
    """One connection: what it still has to be told, and the beginning of a packet whose rest has not come."""

    __slots__ = ("begun", "open", "ready", "sock")

    def __init__(self, sock: socket.socket, open: Opened | None) -> None:
        self.sock, self.open = sock, open
        self.begun, self.ready = b"", False


class Listeners:
    """`count` of them, spread over the servers; each opener gets what one of them receives.

    `arrived` has the moments at which each payload came, by topic and payload. Raises TooFew where `OSError` would
    not say what to do.
    """

    def __init__(
        self, servers: Sequence[Server], topics: list[str], count: int, openers: Sequence[Opened] = ()
    ) -> None:
        self.arrived: defaultdict[tuple[str, bytes], array[float]] = defaultdict(lambda: array("d"))
        self.lost = 0
        self.count = count
        self._servers, self._subscribe = servers, mqtt.subscribe(topics)
        self._openers = openers
        self._epoll = select.epoll()
        self._there: dict[int, Listener] = {}
        self._ready = 0
        self._last, self._last_key, self._last_moments = b"", ("", b""), array("d")

    def connect(self) -> float:
        """Return the seconds that it took until all had subscribed. Raises TooFew."""
        allow_files(self.count + SPARE_FILES)
        began, numbers = time.monotonic(), iter(range(self.count))
        while self._ready < self.count:
            for number in islice(numbers, CONNECTING_AT_ONCE - (len(self._there) - self._ready)):
                self._add(number)
            self._poll(0.1)
            if self.lost or time.monotonic() - began > CONNECT_S:
                raise TooFew(self._who_is_missing())
        return time.monotonic() - began

    def serve(self, until: Callable[[], bool]) -> float:
        """Take what comes until that is so; the share of one core that it took."""
        began, used = time.monotonic(), time.process_time()
        while not until():
            self._poll(LOOK_S)
        return (time.process_time() - used) / (time.monotonic() - began)

    def close(self) -> None:
        for listener in self._there.values():
            listener.sock.close()
        self._epoll.close()

    def _add(self, number: int) -> None:
        host, port = self._servers[number % len(self._servers)]
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        if host.startswith("127."):
            sock.bind((f"127.0.0.{1 + number // PORTS_OF_AN_ADDRESS}", 0))
        code = sock.connect_ex((host, port))
        if code not in (0, errno.EINPROGRESS):
            raise TooFew(f"listener {number} cannot reach {host}:{port}: {errno.errorcode.get(code, code)}")
        opener = self._openers[number] if number < len(self._openers) else None
        self._there[sock.fileno()] = Listener(sock, opener)
        self._epoll.register(sock.fileno(), select.EPOLLOUT)

    def _who_is_missing(self) -> str:
        if not self._ready:
            places = ", ".join(f"{host}:{port}" for host, port in self._servers)
            return f"no broker lets anybody in at {places}: start one, or name another with --broker"
        return f"{self._ready} of {self.count} listeners came in, {self.lost} were refused or cut off: take fewer"

    def _poll(self, seconds: float) -> None:
        for number, event in self._epoll.poll(seconds, EVENTS):
            if (listener := self._there.get(number)) is not None:
                self._turn(listener, event)

    def _turn(self, listener: Listener, event: int) -> None:
        try:
            if event & select.EPOLLOUT:
                listener.sock.sendall(mqtt.connect(f"listener{listener.sock.fileno()}"))
                self._epoll.modify(listener.sock.fileno(), select.EPOLLIN)
            else:
                data = listener.sock.recv(RECEIVE_BYTES)
                self._take(listener, data) if data else self._drop(listener)
        except BlockingIOError:
            return
        except (OSError, mqtt.BadPacket):
            self._drop(listener)

    def _take(self, listener: Listener, data: bytes) -> None:
        now = time.monotonic()
        if data == self._last and not listener.begun:
            self._last_moments.append(now)
            if listener.open is not None:
                listener.open(*self._last_key, now)
            return
        data, end, number = listener.begun + data, 0, 0
        for number, (kind, body, end) in enumerate(mqtt.packets(data), 1):  # noqa: B007
            self._packet(listener, kind, body, now)
        listener.begun = data[end:]
        is_one_message = number == 1 and not listener.begun and kind == mqtt.PUBLISH
        self._last = data if is_one_message else b""  # the very bytes that the next listeners will get

    def _packet(self, listener: Listener, kind: int, body: bytes, now: float) -> None:
        match kind:
            case mqtt.CONNACK if body[1:2] == b"\0":
                listener.sock.sendall(self._subscribe)
            case mqtt.CONNACK:
                self._drop(listener)
            case mqtt.SUBACK:
                listener.ready, self._ready = True, self._ready + 1
            case mqtt.PUBLISH:
                self._last_key = mqtt.published(body)
                self._last_moments = self.arrived[self._last_key]
                self._last_moments.append(now)
                if listener.open is not None:
                    listener.open(*self._last_key, now)

    def _drop(self, listener: Listener) -> None:
        if self._there.pop(listener.sock.fileno(), None) is not None:
            self.lost += 1
            self._ready -= listener.ready
            listener.sock.close()


def allow_files(number: int) -> None:
    """Let this process and those it starts have so many files open. Raises TooFew if the system does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if number <= soft or soft == resource.RLIM_INFINITY:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, max(number, hard)))
    except (OSError, ValueError):
        raise TooFew(
            f"{number} open files are needed, and this system allows {hard}: ulimit -Hn {number}, as root"
        ) from None
