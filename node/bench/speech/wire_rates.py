"""What packets cost: their payload, and all that the network carries around it."""

from __future__ import annotations

from collections.abc import Sequence

from node.links.wire_meter import IPV4_HEADER, UDP_HEADER
from node.speech.rates import PACKET_HEADERS, RTP_HEADER, SRTP_TAG

HEADERS_TOLD = (
    f"{PACKET_HEADERS} bytes a packet (IPv4 {IPV4_HEADER}, UDP {UDP_HEADER}, RTP {RTP_HEADER}, SRTP tag {SRTP_TAG})"
)


def payload_kbps(packets: Sequence[int], packet_ms: float) -> float:
    """The mean rate of payloads of these bytes."""
    return sum(packets) * 8 / (len(packets) * packet_ms)


def wire_kbps(packets: Sequence[int], packet_ms: float) -> float:
    """The same from the IP header on."""
    return payload_kbps(packets, packet_ms) + PACKET_HEADERS * 8 / packet_ms
