"""What the system knows of a TCP connection, on loopback."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from node.links.socket_queue import MOST_WAITING, has_room, round_trip_s, unacknowledged

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what a socket holds")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection; the second reads nothing by itself, and has room for little."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        with socket.create_connection(server.getsockname()) as one:
            other, _ = server.accept()
            with other:
                yield one, other


def test_a_connection_holds_what_the_other_end_takes_not(ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = ends
    assert unacknowledged(one.fileno()) == 0
    assert has_room(one.fileno(), 100)
    one.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            one.send(bytes(1 << 16))
    held = unacknowledged(one.fileno())
    assert held is not None
    assert held > MOST_WAITING * 100
    assert not has_room(one.fileno(), 100)
    assert has_room(one.fileno(), held)
    other.setblocking(False)
    one.close()


def test_a_round_trip_is_known_once_something_was_acknowledged(ends: tuple[socket.socket, socket.socket]) -> None:
    one, other = ends
    one.sendall(b"x")
    assert other.recv(1) == b"x"
    other.sendall(b"y")
    assert one.recv(1) == b"y"
    measured = round_trip_s(one)
    assert measured is not None
    assert 0 < measured < 1
    assert round_trip_s(None) is None


def test_what_is_closed_tells_nothing() -> None:
    closed = socket.socket()
    descriptor = closed.fileno()
    closed.close()
    assert unacknowledged(descriptor) is None
    assert has_room(descriptor, 1)
    assert round_trip_s(closed) is None
