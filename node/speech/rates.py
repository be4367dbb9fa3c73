"""What a profile costs while somebody talks: its payload, and every byte from the IP header on."""

from __future__ import annotations

from bisect import bisect

from node.links.wire_meter import IPV4_HEADER, UDP_HEADER
from node.speech.profiles import Profile

RTP_HEADER = 12
"""Without header extensions, which the node leaves out of its session descriptions."""

SRTP_TAG = 4
"""AES-CM with HMAC-SHA1-32, as nodes choose it among themselves; a browser's is 10."""

PACKET_HEADERS = IPV4_HEADER + UDP_HEADER + RTP_HEADER + SRTP_TAG
"""Bytes a packet besides its payload: 44."""

RED_HEADERS = 4 + 1
"""Bytes with which RFC 2198 tells the copy of an earlier packet from the packet itself."""

_SPEECH_KBPS = ((0.0, 0.0), (6.0, 5.22), (7.0, 6.05), (8.0, 7.08), (9.0, 8.19), (12.0, 11.3), (24.0, 23.58))
"""What libopus makes of speech (mean of 18 recordings, VBR) when it is asked for so many kbit/s."""


def payload_kbps(profile: Profile) -> float:
    """Opus, copies included, in kbit/s."""
    once = _typical_kbps(profile.bitrate / 1000) if profile.vbr else profile.bitrate / 1000
    return once * (2 if profile.redundancy else 1)


def wire_kbps(profile: Profile) -> float:
    """The same with all that an RTP packet carries besides, over IPv4."""
    headers = PACKET_HEADERS + (RED_HEADERS if profile.redundancy else 0)
    return payload_kbps(profile) + headers * 8 / profile.packet_ms


def _typical_kbps(asked: float) -> float:
    highest, most = _SPEECH_KBPS[-1]
    if asked >= highest:
        return asked - highest + most
    after = bisect(_SPEECH_KBPS, (asked, float("inf")))
    (x0, y0), (x1, y1) = _SPEECH_KBPS[after - 1], _SPEECH_KBPS[after]
    return y0 + (y1 - y0) * (asked - x0) / (x1 - x0)
