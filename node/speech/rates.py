"""The bit rates of speech, of a profile or of measured packets: the payload, and every byte from the IP header on.

A packet's headers are constant, so that kbit/s on the wire = payload + 8 x PACKET_HEADERS x packets a second / 1000.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import replace

from node.links.wire_meter import IPV4_HEADER, TCP_HEADER, UDP_HEADER
from node.speech.profiles import MAX_PACKET_MS, Bandwidth, Profile
from protocol.speech_sealing import SPEECH_OVERHEAD
from protocol.topics import NODE_LENGTH, ROOM_LENGTH

# Without header extensions, which the node leaves out of its session descriptions.
RTP_HEADER = 12

# AES-CM with HMAC-SHA1-32, as nodes choose it among themselves; a browser's is 10.
SRTP_TAG = 4

# Bytes a packet besides its payload: 44.
PACKET_HEADERS = IPV4_HEADER + UDP_HEADER + RTP_HEADER + SRTP_TAG

HEADERS_TEXT = (
    f"{PACKET_HEADERS} bytes a packet (IPv4 {IPV4_HEADER}, UDP {UDP_HEADER}, RTP {RTP_HEADER}, SRTP tag {SRTP_TAG})"
)

# Bytes a message besides its packet: its seal, MQTT (topic `ROOM/NODE/v`, a length of two bytes), TCP and IPv4.
BROKER_HEADERS = SPEECH_OVERHEAD + 3 + 2 + ROOM_LENGTH + NODE_LENGTH + 3 + TCP_HEADER + IPV4_HEADER

# Bytes with which RFC 2198 marks the copy of an earlier packet, and the packet itself.
RED_HEADERS = 4 + 1

# Bytes of the high band beside a packet, of 60 and of 120 ms: two for padding, one for its id, and the gains (mean of
# nine recordings).
_HIGH_BAND_BYTES = {60: 5.5, 120: 8.0}

# Of a voice's lines of text, with all that carries them through the broker: a minute of the demo's dialogue by
# `scripts/bench_transcribe.py`.
TEXT_KBPS = 0.25

# What libopus makes of speech (mean of 18 recordings, VBR) if asked for so many kbit/s; of wideband, which it holds to
# them less closely, the mean of nine.
_SPEECH_KBPS = ((0.0, 0.0), (6.0, 5.22), (7.0, 6.05), (8.0, 7.08), (9.0, 8.19), (12.0, 11.3), (24.0, 23.58))
_WIDE_KBPS = ((0.0, 0.0), (8.0, 7.6), (9.0, 8.5), (10.0, 9.5), (12.0, 11.3), (24.0, 23.58))


def payload_kbps(profile: Profile) -> float:
    """Return the rate of Opus and the high band in this profile during speech, in kbit/s: copies too, text not."""
    if profile.text_only:
        return 0.0
    asked = profile.bitrate / 1000
    once = _typical_kbps(asked, profile.bandwidth) if profile.vbr else asked
    return (once + high_band_kbps(profile)) * (2 if profile.redundancy else 1)


def high_band_kbps(profile: Profile) -> float:
    """Return the rate of the high band beside the speech, in kbit/s, without copies."""
    size = _HIGH_BAND_BYTES[60 if profile.packet_ms <= 60 else 120]
    return size * 8 / profile.packet_ms if profile.sends_high_band else 0.0


def wire_kbps(profile: Profile) -> float:
    """Return the same with all that an RTP packet carries besides, over IPv4; of text, what its lines take."""
    if profile.text_only:
        return TEXT_KBPS
    headers = PACKET_HEADERS + (RED_HEADERS if profile.redundancy else 0)
    return payload_kbps(profile) + headers * 8 / profile.packet_ms


def broker_kbps(profile: Profile) -> float:
    """Return the rate through the broker, over IPv4 and without TLS: messages of 120 ms, and no copies."""
    whole = profile.packet_ms == MAX_PACKET_MS  # shorter packets are joined, and lose the high band in that
    once = payload_kbps(replace(profile, redundancy=0, high_band=profile.high_band and whole))
    return once + BROKER_HEADERS * 8 / MAX_PACKET_MS


def measured_payload_kbps(packets: Sequence[int], packet_ms: float) -> float:
    """Return the mean rate of packets with payloads of these bytes, in kbit/s."""
    return sum(packets) * 8 / (len(packets) * packet_ms)


def measured_wire_kbps(packets: Sequence[int], packet_ms: float) -> float:
    """Return the same from the IP header on."""
    return measured_payload_kbps(packets, packet_ms) + PACKET_HEADERS * 8 / packet_ms


def _typical_kbps(asked: float, bandwidth: Bandwidth) -> float:
    known = _SPEECH_KBPS if bandwidth in (Bandwidth.NARROW, Bandwidth.MEDIUM) else _WIDE_KBPS
    highest, most = known[-1]
    if asked >= highest:
        return asked - highest + most
    after = bisect(known, (asked, float("inf")))
    (x0, y0), (x1, y1) = known[after - 1], known[after]
    return y0 + (y1 - y0) * (asked - x0) / (x1 - x0)
