"""A port that strangers flood, with real sockets: the peer is heard, and the system drops the rest."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from node.links.port_guard import MOST_STRANGE, WITHIN_S, PortGuard

LOOPBACK = "127.0.0.1"


class Port:
    """A transport with a socket, as asyncio has it: `came` are those whose datagrams are not dropped by the system."""

    def __init__(self, own: socket.socket) -> None:
        self._own = own
        own.setblocking(False)

    def get_extra_info(self, name: str) -> object:
        return self._own if name == "socket" else None

    def came(self) -> list[object]:
        found = []
        try:
            while True:
                found.append(self._own.recvfrom(100)[1])
        except BlockingIOError:
            return found


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    """Three on loopback: the port, the peer and a stranger."""
    with ExitStack() as stack:
        made = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(3)]
        for one in made:
            one.bind((LOOPBACK, 0))
        yield made


def test_a_flood_is_dropped_by_the_system_and_the_peer_is_heard(sockets: list[socket.socket]) -> None:
    own, peer, stranger = sockets
    port, names = Port(own), [one.getsockname() for one in sockets]
    guard = PortGuard(port, lambda: names[1], lambda: 0.0)
    peer.sendto(b"hello", names[0])
    stranger.sendto(b"hello", names[0])
    assert port.came() == names[1:]
    assert [guard.admits(names[2]) for _ in range(MOST_STRANGE + 1)] == [True] * MOST_STRANGE + [False]
    stranger.sendto(b"hello", names[0])
    peer.sendto(b"hello", names[0])
    assert port.came() == [names[1]]
    assert guard.admits(names[1])
    own.sendto(b"hello", names[1])
    assert peer.recv(100) == b"hello"


def test_a_peer_that_moved_is_heard_from_then_on(sockets: list[socket.socket]) -> None:
    own, peer, stranger = sockets
    port, names = Port(own), [one.getsockname() for one in sockets]
    at = names[1]
    guard = PortGuard(port, lambda: at, lambda: 0.0)
    for _ in range(MOST_STRANGE + 1):
        guard.admits(names[2])
    at = names[2]
    for _ in range(MOST_STRANGE + 1):
        guard.admits(names[1])  # of what the system had for us before
    stranger.sendto(b"hello", names[0])
    peer.sendto(b"hello", names[0])
    assert port.came() == [names[2]]


def test_a_few_strangers_are_let_through_all_the_time() -> None:
    now = 0.0
    guard = PortGuard(None, lambda: ("192.0.2.1", 5), lambda: now)
    for _ in range(10):
        now += WITHIN_S + 0.1
        assert all(guard.admits(("192.0.2.2", 5)) for _ in range(MOST_STRANGE))


def test_before_anybody_is_connected_nobody_is_a_stranger() -> None:
    guard = PortGuard(None, lambda: None, lambda: 0.0)
    assert all(guard.admits(("192.0.2.2", 5)) for _ in range(10 * MOST_STRANGE))


class Relayed:
    """A transport without a socket of this machine."""

    def get_extra_info(self, name: str) -> None:
        return None


def test_where_the_system_cannot_the_flood_is_not_looked_into(sockets: list[socket.socket]) -> None:
    own = Port(sockets[0])
    for transport, peer in ((Relayed(), (LOOPBACK, 5)), (own, ("2001:db8::1", 5))):
        guard = PortGuard(transport, lambda peer=peer: peer, lambda: 0.0)
        assert [guard.admits((LOOPBACK, 9)) for _ in range(MOST_STRANGE + 2)][-2:] == [False, False]
        assert guard.admits(peer)
