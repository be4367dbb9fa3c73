"""The private parts of aioice that the node touches: datagrams, addresses and round trips of a connection.

The rules of `node.links.aiortc_hooks` hold: `tests/node/links/test_ice_hooks.py` fails when a new aioice moves them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from node.links import ice_gathering
from node.links.port_guard import PortGuard
from node.links.relay_meter import RelayMeter, relays_of

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection

    from node.links.ice_servers import IceServer
    from node.links.wire_meter import Direction

logger = logging.getLogger(__name__)

# Of a datagram that goes through a TURN server, with what counts its cost as the last argument.
DatagramObserver = Callable[..., bool]

LOOPBACK = "127.0.0.1"
STUN_BINDING_REQUEST = 0x0001
STUN_BINDING_SUCCESS = 0x0101
STUN_HEADER = 20
# Unanswered STUN requests remembered for the round-trip time; older ones are forgotten.
MAX_OPEN_REQUESTS = 32


class _ObservedTransport:
    """A datagram transport that shows each datagram to the observer before it is sent."""

    def __init__(self, transport: Any, observe: DatagramObserver, *relay: RelayMeter) -> None:
        self._transport = transport
        self._observe, self._relay = observe, relay

    def sendto(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._observe("sent", data, addr[0], *self._relay):
            self._transport.sendto(data, addr)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def observe_datagrams(connection: RTCPeerConnection, observe: DatagramObserver) -> None:
    """Show every datagram of a connection whose candidates are gathered to `observe(direction, data, address)`.

    By way of a TURN server it gets a `RelayMeter` besides. A datagram for which it returns False goes no further.
    Datagrams that would end aiortc's receive loop (empty ones) or that aioice cannot parse are swallowed here, and so
    are floods: any host can send to an open UDP port.
    """
    for ice in ice_transports(connection):
        for protocol in ice._connection._protocols:
            guard = PortGuard(protocol.transport, partial(nominated_address, ice._connection))
            relay = relays_of(_socket_of(protocol.transport), protocol.transport)
            protocol.transport = _ObservedTransport(protocol.transport, observe, *relay)
            protocol.datagram_received = _observed(protocol.datagram_received, observe, guard, *relay)


def nominated_address(connection: Any) -> tuple[str, int] | None:
    """Return where the media goes to and comes from; None as long as ICE has not found that."""
    pair = next(iter(connection._nominated.values()), None)
    return None if pair is None else pair.remote_addr


def _observed(
    receive: Callable[[bytes, Any], None], observe: DatagramObserver, guard: PortGuard, *relay: RelayMeter
) -> Callable[[bytes, Any], None]:
    def datagram_received(data: bytes, addr: Any) -> None:
        if not guard.admits(addr) or not observe("received", data, addr[0], *relay) or not data:
            return
        try:
            receive(data, addr)
        except Exception as error:
            # aioice's STUN parser lets struct, index and unicode errors out on hostile bytes; the datagram was
            # counted, nothing was changed by it, and the call must go on.
            logger.debug("a datagram from %s that is nothing: %r", addr[0], error)

    return datagram_received


def ice_transports(connection: RTCPeerConnection) -> set[Any]:
    """Return aiortc's ICE transports of a connection; each keeps aioice's own object as `_connection`."""
    return {transceiver.sender.transport.transport for transceiver in connection.getTransceivers()}


def local_addresses(connection: RTCPeerConnection) -> frozenset[str]:
    """Return the addresses of this machine that a connection goes from; before it is up, all that it may go from."""
    pairs = (pair for ice in ice_transports(connection) for pair in ice._connection._nominated.values())
    protocols = [pair.protocol for pair in pairs] or ice_protocols(connection)
    names = (_socket_of(protocol.transport).get_extra_info("sockname") for protocol in protocols if protocol.transport)
    return frozenset(str(name[0]).partition("%")[0] for name in names if name)


def candidates(connection: RTCPeerConnection) -> tuple[list[str], list[str], bool]:
    """Return the hosts of our candidates and of the peer's, and whether ICE has found a path between them."""
    gatherers = [ice._connection for ice in ice_transports(connection)]
    ours = [each.host for gatherer in gatherers for each in gatherer.local_candidates]
    theirs = [each.host for gatherer in gatherers for each in gatherer.remote_candidates]
    return ours, theirs, any(gatherer._nominated for gatherer in gatherers)


def _socket_of(transport: Any) -> Any:
    """Return the transport that has a socket of this machine: a relayed one has the relay's name."""
    relayed = getattr(transport, "_TurnTransport__inner_protocol", None)
    return transport if relayed is None or relayed.transport is None else relayed.transport


def ice_protocols(connection: RTCPeerConnection) -> list[Any]:
    return [protocol for ice in ice_transports(connection) for protocol in ice._connection._protocols]


def choose_addresses(connection: RTCPeerConnection, address: str | None, servers: Sequence[IceServer] = ()) -> None:
    """Make ICE listen on `address` alone; without one, on all the machine has, or on loopback if it has none.

    Then it asks the servers.

    aioice never listens on loopback, so that a machine without a network could not even call itself.
    """
    for ice in ice_transports(connection):
        gatherer = ice._connection
        gatherer.get_component_candidates = _on_addresses(gatherer, address, servers)


def _on_addresses(gatherer: Any, address: str | None, servers: Sequence[IceServer]) -> Callable[..., Awaitable[Any]]:
    gather: Callable[..., Awaitable[Any]] = gatherer.get_component_candidates

    async def get_component_candidates(component: int, addresses: list[str], timeout: int = 5) -> Any:
        chosen = [address] if address is not None else addresses or [LOOPBACK]
        hosts = await gather(component=component, addresses=chosen, timeout=timeout)
        return [*hosts, *await ice_gathering.gather(gatherer, component, servers)]

    return get_component_candidates


class RoundTrips:
    """Round-trip time from the connectivity checks and from RTCP reports, which both ends send anyway."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[bytes, float] = {}
        self.seconds: float | None = None

    def observe(self, direction: Direction, data: bytes) -> None:
        if len(data) < STUN_HEADER:
            return
        kind, transaction = int.from_bytes(data[:2]), data[8:STUN_HEADER]
        if direction == "sent" and kind == STUN_BINDING_REQUEST:
            self._open[transaction] = self._clock()
            if len(self._open) > MAX_OPEN_REQUESTS:
                del self._open[next(iter(self._open))]
        elif direction == "received" and kind == STUN_BINDING_SUCCESS and transaction in self._open:
            self.add(self._clock() - self._open.pop(transaction))

    @property
    def open_requests(self) -> int:
        """How many STUN requests wait for their answer."""
        return len(self._open)

    def add(self, seconds: float) -> None:
        """Take a measurement, with the smoothing of RFC 6298: one part in eight of it."""
        self.seconds = seconds if self.seconds is None else self.seconds + (seconds - self.seconds) / 8
