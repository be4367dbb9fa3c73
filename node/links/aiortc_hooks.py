"""Every private part of aiortc that the node touches, here and, for RTCP and consent, in rtcp_hooks.py; those of aioice
are in ice_hooks.py and ice_gathering.py.

aiortc has no public way to receive encoded packets, to choose the SRTP profile or to see datagrams. Each function here
reaches for one of those, and `tests/node/links/test_aiortc_hooks.py` fails when a new aiortc moves that; then
these are the only files to mend. Why each is worth it is measured: see the docstrings.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol.speech.opus_packet import OPUS_RATE

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpTransceiver
    from aiortc.rtp import RtpPacket


logger = logging.getLogger(__name__)

PacketHandler = Callable[[int, int, int, bytes], None]

RED_PAYLOAD_TYPE = 63
# Where the timestamp is in a packet and in a sender report (RFC 3550, sections 5.1 and 6.4.1), and that one's type.
RTP_TIMESTAMP, SR_TIMESTAMP, SENDER_REPORT = 4, 16, 200
LONGEST_PACKET = OPUS_RATE * 120 // 1000  # of Opus (RFC 6716, section 3.2.5)


# Sources of RTP by one link: a peer has one, and a browser another one when it changes its device.
MOST_SOURCES = 32


class SpeechTypes(NamedTuple):
    """RTP payload types of Opus and of RED; None if not agreed on."""

    opus: int | None
    red: int | None


class PacketTap:
    """Stands where aiortc's audio jitter buffer was: hands over every RTP packet and never completes a frame.

    aiortc's own buffer waits for four packets (480 ms of 120 ms packets) and knows no concealment.
    """

    def __init__(self, handler: PacketHandler) -> None:
        self._handler = handler

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        self._handler(packet.payload_type, packet.sequence_number, packet.timestamp, packet.payload)
        return False, None


def tap_packets(receiver: RTCRtpReceiver, handler: PacketHandler) -> None:
    """Send every received RTP packet of this receiver to `handler(payload_type, sequence, timestamp, payload)`.

    Those of more sources than any peer has are passed over.
    """
    _bound_sources(receiver)
    vars(receiver)["_RTCRtpReceiver__jitter_buffer"] = PacketTap(handler)


def know_red() -> None:
    """Make aiortc offer and accept RED (RFC 2198) beside Opus, under the payload type that Chromium gives it.

    aiortc keeps an offered type only if it is 96 or above, so that any other of ours would not be Chromium's.
    """
    from aiortc.codecs import CODECS
    from aiortc.rtcrtpparameters import RTCRtpCodecParameters

    if not any(map(_is_red, CODECS["audio"])):
        opus = next(filter(_is_opus, CODECS["audio"]))
        red = RTCRtpCodecParameters("audio/red", opus.clockRate, opus.channels, payloadType=RED_PAYLOAD_TYPE)
        red.parameters = _blocks_of(opus)
        CODECS["audio"].append(red)


def put_opus_first(transceiver: RTCRtpTransceiver) -> None:
    """Send Opus by default whatever the peer's order, and name in RED's format line the type that Opus now has."""
    transceiver._codecs = sorted(transceiver._codecs, key=_is_opus, reverse=True)
    for codec in transceiver._codecs:
        if _is_red(codec):
            codec.parameters = _blocks_of(transceiver._codecs[0])


def keep_only_opus(transceiver: RTCRtpTransceiver) -> bool:
    """Answer an offer with Opus alone; False if it has none, and then nothing has changed.

    aiortc takes preferences only before the offer comes, when there is no transceiver yet.
    """
    opus = [codec for codec in transceiver._codecs if _is_opus(codec)]
    transceiver._codecs = opus or transceiver._codecs
    return bool(opus)


def offered_direction(transceiver: RTCRtpTransceiver) -> str:
    """Return what an offer lets this end do on a line: sendrecv, sendonly, recvonly or inactive. aiortc hides it."""
    return str(transceiver._offerDirection)


def speech_types(transceiver: RTCRtpTransceiver) -> SpeechTypes:
    """Return the payload types that both ends agreed on; before they did, None for both."""
    opus = [codec.payloadType for codec in transceiver._codecs if _is_opus(codec)]
    red = [codec.payloadType for codec in transceiver._codecs if _is_red(codec)]
    return SpeechTypes(*opus[:1] or [None], *red[:1] or [None])


def choose_payload_type(transceiver: RTCRtpTransceiver, choose: Callable[[int], int]) -> None:
    """Ask `choose(payload type of Opus)` for the type of each packet, once the track has given its payload."""
    sender = transceiver.sender
    run: Callable[[Any], Awaitable[None]] = sender._run_rtp
    vars(sender)["_run_rtp"] = lambda codec: run(_ChosenType(codec, choose))


class _ChosenType:
    """A codec of aiortc's whose payload type is another for each packet."""

    def __init__(self, codec: Any, choose: Callable[[int], int]) -> None:
        self._codec = codec
        self._choose = choose

    @property
    def payloadType(self) -> int:
        return self._choose(self._codec.payloadType)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)


def _is_opus(codec: Any) -> bool:
    return bool(codec.mimeType.lower() == "audio/opus")


def _is_red(codec: Any) -> bool:
    return bool(codec.mimeType.lower() == "audio/red")


def _blocks_of(opus: Any) -> Any:
    """Return the format parameter of RFC 2198, section 5, for one copy: Chromium refuses RED without."""
    return {f"{opus.payloadType}/{opus.payloadType}": None}


def shorten_cname(connection: RTCPeerConnection) -> None:
    """Use a canonical name of one letter instead of a 36-character UUID in every RTCP report."""
    vars(connection)["_RTCPeerConnection__cname"] = "p"


def choose_short_srtp_tag(transceiver: RTCRtpTransceiver) -> None:
    """AES-CM with a tag of 4 bytes towards a peer that has it (RFC 5764, section 4.1.2), else of 10, as browsers do.

    The AES-GCM that aiortc prefers adds 16 bytes to each packet. RFC 3711, section 9.5.1, holds 4 for enough where
    speech is sent and bytes count; reports keep their 10.
    """
    from aiortc.rtcdtlstransport import SRTP_AES128_CM_SHA1_80, SRTPProtectionProfile
    from pylibsrtp import Policy

    shortest = SRTPProtectionProfile(Policy.SRTP_PROFILE_AES128_CM_SHA1_32, b"SRTP_AES128_CM_SHA1_32", 16, 14)
    transceiver.sender.transport._srtp_profiles = [shortest, SRTP_AES128_CM_SHA1_80]


def mark_talkspurts(transceiver: RTCRtpTransceiver) -> None:
    """Set the RTP marker bit on the first packet after a pause, and on no other (RFC 3551, section 4.1).

    aiortc sets it on every packet, as is right for a picture's last one.
    """
    transport = transceiver.sender.transport
    send, after_pause = transport._send_rtp, _Talkspurts()

    async def send_marked(data: bytes) -> None:
        is_report = 192 <= data[1] <= 223
        await send(data if is_report else after_pause.marked(data))

    vars(transport)["_send_rtp"] = send_marked


def number_packets(transceiver: RTCRtpTransceiver, choose: Callable[[], int | None]) -> None:
    """Ask `choose()` for the sequence number of each packet; None leaves it as aiortc counts."""
    transport = transceiver.sender.transport
    send = transport._send_rtp

    async def send_numbered(data: bytes) -> None:
        is_report = 192 <= data[1] <= 223
        sequence = None if is_report else choose()
        await send(data if sequence is None else data[:2] + sequence.to_bytes(2) + data[4:])

    vars(transport)["_send_rtp"] = send_numbered


def stamp_packets(transceiver: RTCRtpTransceiver, choose: Callable[[], int | None]) -> None:
    """Stamp each packet with `choose()`, the time of the stream itself, and sender reports by the same clock.

    aiortc begins at a random moment for each connection, so that a packet that came another way would be of another
    time. Where a stream began is no secret that SRTP rests on.
    """
    transport = transceiver.sender.transport
    send, origin = transport._send_rtp, 0

    async def send_stamped(data: bytes) -> None:
        nonlocal origin
        if 192 <= data[1] <= 223:
            await send(_restamped(data, SR_TIMESTAMP, origin) if data[1] == SENDER_REPORT else data)
            return
        if (stamp := choose()) is not None:
            origin = int.from_bytes(data[4:8]) - stamp
        await send(_restamped(data, RTP_TIMESTAMP, origin))

    vars(transport)["_send_rtp"] = send_stamped


def _restamped(data: bytes, at: int, origin: int) -> bytes:
    stamp = (int.from_bytes(data[at : at + 4]) - origin) % (1 << 32)
    return data[:at] + stamp.to_bytes(4) + data[at + 4 :]


class _Talkspurts:
    """Knows a pause by timestamps that go on by more than any Opus packet lasts."""

    def __init__(self) -> None:
        self._last: int | None = None

    def marked(self, rtp: bytes) -> bytes:
        timestamp = int.from_bytes(rtp[4:8])
        begins = self._last is None or (timestamp - self._last) % (1 << 32) > LONGEST_PACKET
        self._last = timestamp
        return bytes([rtp[0], rtp[1] & 0x7F | begins << 7]) + rtp[2:]


def _bound_sources(receiver: RTCRtpReceiver) -> None:
    """Keep a peer that names another source in every packet from filling the memory: aiortc counts for each."""
    router, known = receiver.transport._rtp_router, set[int]()
    route: Callable[[RtpPacket], Any] = router.route_rtp

    def route_known(packet: RtpPacket) -> Any:
        if packet.ssrc not in known:
            if len(known) >= MOST_SOURCES:
                return None
            known.add(packet.ssrc)
        return route(packet)

    vars(router)["route_rtp"] = route_known
