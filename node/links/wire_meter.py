"""Counts what a node really puts on the wire: every byte from the IP header on.

UDP datagrams are seen one by one, so their cost is exact: payload + 8 (UDP) + 20 or 40 (IPv4 or IPv6).
TCP cuts its own segments; Linux tells how many (`TCP_INFO`), and elsewhere each write is taken for one segment
that is answered by one bare acknowledgement. Ethernet, Wi-Fi and mobile framing below IP are not counted.
"""

from __future__ import annotations

import socket
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from node.links.relay_meter import RelayMeter

Direction = Literal["sent", "received"]
UdpKind = Literal["rtp", "rtcp", "stun", "dtls", "turn", "other"]

IPV4_HEADER = 20
IPV6_HEADER = 40
UDP_HEADER = 8
TCP_HEADER = 32  # 20 plus the 12 bytes of the timestamp option, which Linux, macOS and Windows all send by default
TLS_RECORD = 22  # TLS 1.3: header 5, content type 1, tag 16
TCP_SYN_EXTRA = 8  # a SYN carries MSS, SACK and window scale besides the timestamp: 40 bytes instead of 32


@dataclass(slots=True)
class Count:
    """Packets, and their bytes from the IP header on."""

    packets: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        self.packets += 1
        self.bytes += size


def ip_header(address: str) -> int:
    """Return the bytes of the IP header of a packet to or from this numeric address."""
    return IPV6_HEADER if ":" in address else IPV4_HEADER


def udp_kind(datagram: bytes) -> UdpKind:
    """Return what a datagram on a WebRTC port carries, by its first two bytes (RFC 7983 and RFC 5761)."""
    if not datagram:
        return "other"
    first = datagram[0]
    if first < 4:
        return "stun"
    if 20 <= first < 64:
        return "dtls"
    if 64 <= first < 80:
        return "turn"
    if 128 <= first < 192:
        return "rtcp" if len(datagram) > 1 and 192 <= datagram[1] <= 223 else "rtp"
    return "other"


class TcpTraffic(NamedTuple):
    """One TCP connection's bytes on the wire so far, headers, hand-shake and acknowledgements included."""

    sent: int
    received: int


class _TcpInfo(NamedTuple):
    bytes_received: int
    segments_out: int
    segments_in: int
    bytes_sent: int


_TCP_INFO_SIZE = 256
# Offsets in Linux's struct tcp_info (include/uapi/linux/tcp.h): tcpi_bytes_received, tcpi_segs_out, tcpi_segs_in,
# and tcpi_bytes_sent, which came with Linux 4.19 and counts retransmitted bytes too.
_BYTES_RECEIVED, _SEGMENTS_OUT, _SEGMENTS_IN, _BYTES_SENT = 128, 136, 140, 200


def _tcp_info(sock: socket.socket) -> _TcpInfo | None:
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, option, _TCP_INFO_SIZE)
    except OSError:
        return None
    if len(raw) < _BYTES_SENT + 8:
        return None
    return _TcpInfo(
        struct.unpack_from("=Q", raw, _BYTES_RECEIVED)[0],
        struct.unpack_from("=I", raw, _SEGMENTS_OUT)[0],
        struct.unpack_from("=I", raw, _SEGMENTS_IN)[0],
        struct.unpack_from("=Q", raw, _BYTES_SENT)[0],
    )


def tcp_traffic(sock: socket.socket) -> TcpTraffic | None:
    """Return what this connection has cost so far, or None where the system does not tell."""
    info = _tcp_info(sock)
    if info is None:
        return None
    header = (IPV6_HEADER if sock.family == socket.AF_INET6 else IPV4_HEADER) + TCP_HEADER
    return TcpTraffic(
        info.bytes_sent + info.segments_out * header + TCP_SYN_EXTRA,
        info.bytes_received + info.segments_in * header + TCP_SYN_EXTRA,
    )


def frame_cost(size: int) -> int:
    """Return what a client's WebSocket adds to a message: two bytes, the mask's four, and those of a long length."""
    return 6 if size < 126 else 8 if size < 65_536 else 14  # RFC 6455, section 5.2


def tcp_message_cost(payload: int, address: str = "") -> int:
    """Return the bytes that a small message costs its sender's link both ways: a segment and its acknowledgement."""
    return payload + 2 * acknowledgement_cost(address)


def acknowledgement_cost(address: str = "") -> int:
    """Return the bytes of a segment without any payload."""
    return ip_header(address) + TCP_HEADER


class TcpConnections:
    """Totals of all TCP connections of one link, the finished ones and the present one."""

    def __init__(self) -> None:
        self._before = TcpTraffic(0, 0)
        self._present = TcpTraffic(0, 0)
        self.socket: socket.socket | None = None

    def follow(self, sock: socket.socket | None) -> None:
        """Count a new connection from now on."""
        self.socket = sock

    def total(self) -> TcpTraffic:
        if self.socket is not None:
            self._present = tcp_traffic(self.socket) or self._present
        return TcpTraffic(self._before.sent + self._present.sent, self._before.received + self._present.received)

    def settle(self) -> None:
        """Add the last known totals of the connection, which has ended, to those of the finished ones."""
        self._before, self._present, self.socket = self.total(), TcpTraffic(0, 0), None


@dataclass(slots=True)
class WireMeter:
    """Everything one node sent and received, by kind. `mqtt` is added by the MQTT link.

    Speech through the broker is a part of that, which is counted apart: its packets, and the bytes of its messages.
    """

    sent: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    received: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    broker_speech_sent: Count = field(default_factory=Count)
    broker_speech_received: Count = field(default_factory=Count)
    _tcp: list[Callable[[], TcpTraffic]] = field(default_factory=list)
    _relays: list[RelayMeter] = field(default_factory=list)
    _ended_relays: TcpTraffic = field(default_factory=lambda: TcpTraffic(0, 0))

    def datagram(self, direction: Direction, data: bytes, address: str, relay: RelayMeter | None = None) -> None:
        """Count a datagram to or from this address; by way of a `relay` it is one inside of a message to that."""
        size = len(data) + UDP_HEADER + ip_header(address)
        if relay is not None:
            size = relay.count(direction, len(data))
            if relay.tcp is not None and not relay.has_ended and relay not in self._relays:
                self._add_relay(relay)
        (self.sent if direction == "sent" else self.received)[udp_kind(data)].add(size)

    @property
    def relays(self) -> int:
        """How many connections to TURN servers are asked for what they cost."""
        return len(self._relays)

    def _add_relay(self, relay: RelayMeter) -> None:
        """Ask a relay for what its connection costs besides its datagrams; of those that ended the sum is kept."""
        ended = [each for each in self._relays if each.has_ended]
        self._relays = [each for each in self._relays if not each.has_ended] + [relay]
        totals = [self._ended_relays, *(each.remainder() for each in ended)]
        self._ended_relays = TcpTraffic(_sum(totals, "sent"), _sum(totals, "received"))

    def broker_speech(self, direction: Direction, size: int, packets: int) -> None:
        """Count a message of `size` bytes with so many packets of speech."""
        count = self.broker_speech_sent if direction == "sent" else self.broker_speech_received
        count.packets += packets
        count.bytes += size

    def speech(self, direction: Direction) -> Count:
        """Return the packets of speech in this direction by all ways, and their bytes on the wire."""
        by_link = (self.sent if direction == "sent" else self.received)["rtp"]
        by_broker = self.broker_speech_sent if direction == "sent" else self.broker_speech_received
        return Count(by_link.packets + by_broker.packets, by_link.bytes + by_broker.bytes)

    def add_tcp(self, read: Callable[[], TcpTraffic]) -> None:
        """Register a TCP link; `read` returns its totals whenever they are asked for."""
        self._tcp.append(read)

    def total(self, direction: Direction) -> int:
        """Return all bytes in this direction, UDP and TCP together."""
        return sum(self.kinds(direction).values())

    def kinds(self, direction: Direction) -> dict[str, int]:
        """Return the bytes in this direction by kind, speech through the broker apart from all else that goes there."""
        counts = self.sent if direction == "sent" else self.received
        kinds = {kind: count.bytes for kind, count in list(counts.items())}
        mqtt = _sum([read() for read in self._tcp], direction)
        speech = self.broker_speech_sent if direction == "sent" else self.broker_speech_received
        kinds["mqtt"], kinds["mqtt_speech"] = mqtt - min(mqtt, speech.bytes), min(mqtt, speech.bytes)
        if self._relays:
            remainders = [self._ended_relays, *(relay.remainder() for relay in self._relays)]
            kinds["turn"] = kinds.get("turn", 0) + _sum(remainders, direction)
        return kinds


def _sum(connections: list[TcpTraffic], direction: Direction) -> int:
    return sum(traffic.sent if direction == "sent" else traffic.received for traffic in connections)
