"""What a captured Ethernet frame is to a call: its kind, and its bytes from the IP header on."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from node.links.wire_meter import udp_kind
from node.speech.rates import PACKET_HEADERS

ETHERNET_HEADER = 14
IPV4 = 0x0800
TURN_PORT = 3478
BY_TCP = ("mqtt", "turn_tcp")


class Seen(NamedTuple):
    """One packet that a node sent: when (monotonic), which node, of what kind, bytes from the IP header on."""

    at: float
    sender: str
    kind: str
    size: int


def kind_and_size(frame: bytes) -> tuple[str, int] | None:
    """Return ``rtp``, ``rtcp``, ``stun``, ``dtls``, ``turn``, one of `BY_TCP` or ``other``, and the size; None for no
    IPv4."""
    if len(frame) < ETHERNET_HEADER + 20 or int.from_bytes(frame[12:14]) != IPV4:
        return None
    ip = frame[ETHERNET_HEADER:]
    size, header = int.from_bytes(ip[2:4]), (ip[0] & 15) * 4
    match ip[9]:
        case socket.IPPROTO_UDP:
            return udp_kind(ip[header + 8 : size]), size
        case socket.IPPROTO_TCP:
            ports = [int.from_bytes(ip[at : at + 2]) for at in (header, header + 2)]
            return "turn_tcp" if TURN_PORT in ports else "mqtt", size
        case _:
            return "other", size


def rates(seen: Iterable[Seen], sender: str, begin: float, end: float) -> dict[str, float]:
    """Return kbit/s by kind of what one node sent between two moments, the total, and that of the RTP payloads."""
    bits: defaultdict[str, float] = defaultdict(float)
    for packet in seen:
        if packet.sender == sender and begin <= packet.at < end:
            bits[packet.kind] += packet.size * 8
            bits["total"] += packet.size * 8
            if packet.kind == "rtp":
                bits["payload"] += (packet.size - PACKET_HEADERS) * 8
    return {kind: count / 1000 / (end - begin) for kind, count in bits.items()}


def bytes_before(seen: Iterable[Seen], sender: str, moment: float) -> int:
    """Return what one node sent until then."""
    return sum(packet.size for packet in seen if packet.sender == sender and packet.at < moment)
