"""What a datagram costs that goes through a TURN server: inside of a message to it, over UDP or TCP.

A channel's message has 4 bytes before the datagram (RFC 8656, section 12.4), over TCP it is filled up to a multiple of
4, and over TLS it is a record. Over TCP the system tells what the connection has cost in all, acknowledgements and
set-up included: what no datagram accounts for is the `remainder`.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any, Final

from node.links.wire_meter import TCP_HEADER, TLS_RECORD, UDP_HEADER, Direction, TcpTraffic, ip_header, tcp_traffic

# Bytes: of a channel's number and the length behind it, and what messages over TCP are multiples of.
CHANNEL_HEADER: Final = 4
PADDED_TO: Final = 4


@dataclass(slots=True, eq=False)
class RelayMeter:
    """The way to a TURN server at `address` (a number): by TCP if it has a `tcp` socket, and inside of TLS if `tls`."""

    address: str
    tcp: socket.socket | None = None
    tls: bool = False
    _counted: dict[str, int] = field(default_factory=lambda: {"sent": 0, "received": 0})
    _remainder: TcpTraffic = field(default_factory=lambda: TcpTraffic(0, 0))

    @property
    def has_ended(self) -> bool:
        """Whether the connection to the server was closed."""
        return self.tcp is not None and self.tcp.fileno() < 0

    def count(self, direction: Direction, size: int) -> int:
        """Return what a datagram of `size` bytes costs from the IP header on, and count it."""
        message = CHANNEL_HEADER + size
        if self.tcp is None:
            return message + UDP_HEADER + ip_header(self.address)
        padded = -(-message // PADDED_TO) * PADDED_TO
        cost = padded + (TLS_RECORD if self.tls else 0) + TCP_HEADER + ip_header(self.address)
        self._counted[direction] += cost
        return cost

    def remainder(self) -> TcpTraffic:
        """Return what the connection has cost besides the datagrams that were counted; of one that ended, the last."""
        if self.tcp is not None and (traffic := tcp_traffic(self.tcp)) is not None:
            self._remainder = TcpTraffic(
                traffic.sent - self._counted["sent"], traffic.received - self._counted["received"]
            )
        return self._remainder


def relays_of(inner: Any, transport: Any) -> list[RelayMeter]:
    """Return what counts datagrams that a transport of ICE hands to `inner` for a TURN server; none if it is itself.

    Both are asyncio's transports, or what behaves like them.
    """
    if inner is transport:
        return []
    peer, sock = inner.get_extra_info("peername"), inner.get_extra_info("socket")
    is_tcp = sock is not None and sock.type == socket.SOCK_STREAM
    tls = inner.get_extra_info("ssl_object") is not None
    return [RelayMeter(str(peer[0]) if peer else "", sock if is_tcp else None, tls)]
