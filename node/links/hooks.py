"""Every private part of aiortc and aioice that the node touches, in one place.

aiortc has no public way to receive encoded packets, to choose the SRTP profile, to send fewer RTCP reports or to see
datagrams. Each function here reaches for one of those, and ``tests/node/links/test_hooks.py`` fails when a new aiortc
moves what it reaches for; then this is the only file to mend. Why each is worth it is measured: see the docstrings.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpTransceiver
    from aiortc.rtp import RtpPacket

    from node.links.wire import Direction

logger = logging.getLogger(__name__)

PacketHandler = Callable[[int, int, int, bytes], None]
DatagramObserver = Callable[["Direction", bytes, str], bool]

LOOPBACK = "127.0.0.1"
RED_PAYLOAD_TYPE = 63
STUN_BINDING_REQUEST = 0x0001
STUN_BINDING_SUCCESS = 0x0101
STUN_HEADER = 20
MAX_OPEN_REQUESTS = 32  # unanswered STUN requests remembered for the round-trip time; older ones are forgotten


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
    """Sends every received RTP packet of this receiver to ``handler(payload_type, sequence, timestamp, payload)``."""
    vars(receiver)["_RTCRtpReceiver__jitter_buffer"] = PacketTap(handler)


def know_red() -> None:
    """Makes aiortc offer and accept RED (RFC 2198) beside Opus, under the payload type that Chromium gives it.

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
    """Sends Opus by default whatever the peer's order, and names in RED's format line the type that Opus now has."""
    transceiver._codecs = sorted(transceiver._codecs, key=_is_opus, reverse=True)
    for codec in transceiver._codecs:
        if _is_red(codec):
            codec.parameters = _blocks_of(transceiver._codecs[0])


def speech_types(transceiver: RTCRtpTransceiver) -> SpeechTypes:
    """The payload types that both ends agreed on; before they did, None for both."""
    opus = [codec.payloadType for codec in transceiver._codecs if _is_opus(codec)]
    red = [codec.payloadType for codec in transceiver._codecs if _is_red(codec)]
    return SpeechTypes(*opus[:1] or [None], *red[:1] or [None])


def choose_payload_type(transceiver: RTCRtpTransceiver, choose: Callable[[int], int]) -> None:
    """Asks ``choose(payload type of Opus)`` for the type of each packet, once the track has given its payload."""
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
    """The format parameter of RFC 2198, section 5, for one copy: Chromium refuses RED without."""
    return {f"{opus.payloadType}/{opus.payloadType}": None}


def shorten_cname(connection: RTCPeerConnection) -> None:
    """A canonical name of one letter instead of a 36-character UUID in every RTCP report."""
    vars(connection)["_RTCPeerConnection__cname"] = "p"


def choose_short_srtp_tag(transceiver: RTCRtpTransceiver) -> None:
    """AES-CM with a 10-byte tag; the AES-GCM that aiortc prefers adds 16 bytes to each packet."""
    from aiortc import rtcdtlstransport

    transceiver.sender.transport._srtp_profiles = [rtcdtlstransport.SRTP_AES128_CM_SHA1_80]


def thin_rtcp(transceiver: RTCRtpTransceiver, keep_every: int) -> None:
    """Lets one RTCP report in ``keep_every`` pass, and every BYE: 0.3 instead of 1.5 kbit/s."""
    for end in (transceiver.sender, transceiver.receiver):
        vars(end)["_send_rtcp"] = _thinned(end._send_rtcp, keep_every)


def _thinned(send: Callable[[Any], Awaitable[None]], keep_every: int) -> Callable[[Any], Awaitable[None]]:
    from aiortc.rtp import RtcpByePacket

    reports = 0

    async def send_some(packets: Any) -> None:
        nonlocal reports
        leaving = isinstance(packets, list) and any(isinstance(packet, RtcpByePacket) for packet in packets)
        reports += not leaving
        if leaving or reports % keep_every == 1:
            await send(packets)

    return send_some


class _ObservedTransport:
    """A datagram transport that shows each datagram to the observer before it is sent."""

    def __init__(self, transport: Any, observe: DatagramObserver) -> None:
        self._transport = transport
        self._observe = observe

    def sendto(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._observe("sent", data, addr[0]):
            self._transport.sendto(data, addr)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def observe_datagrams(connection: RTCPeerConnection, observe: DatagramObserver) -> None:
    """Shows every datagram of a connection whose candidates are gathered to ``observe(direction, data, address)``.

    A datagram for which it returns False goes no further. Datagrams that would end aiortc's receive loop (empty ones)
    or that aioice cannot parse are swallowed here: anybody can send to an open UDP port.
    """
    for protocol in _ice_protocols(connection):
        protocol.transport = _ObservedTransport(protocol.transport, observe)
        protocol.datagram_received = _observed(protocol.datagram_received, observe)


def _observed(receive: Callable[[bytes, Any], None], observe: DatagramObserver) -> Callable[[bytes, Any], None]:
    def datagram_received(data: bytes, addr: Any) -> None:
        if not observe("received", data, addr[0]) or not data:
            return
        try:
            receive(data, addr)
        except Exception as error:
            # aioice's STUN parser lets struct, index and unicode errors out on hostile bytes; the datagram was
            # counted, nothing was changed by it, and the call must go on.
            logger.debug("a datagram from %s that is nothing: %r", addr[0], error)

    return datagram_received


def _ice_transports(connection: RTCPeerConnection) -> set[Any]:
    return {transceiver.sender.transport.transport for transceiver in connection.getTransceivers()}


def _ice_protocols(connection: RTCPeerConnection) -> list[Any]:
    return [protocol for ice in _ice_transports(connection) for protocol in ice._connection._protocols]


def choose_addresses(connection: RTCPeerConnection, address: str | None) -> None:
    """Makes ICE listen on ``address`` alone; without one, on all the machine has, or on loopback if it has none.

    aioice never listens on loopback, so that a machine without a network could not even call itself.
    """
    for ice in _ice_transports(connection):
        gatherer = ice._connection
        gatherer.get_component_candidates = _on_addresses(gatherer.get_component_candidates, address)


def _on_addresses(gather: Callable[..., Awaitable[Any]], address: str | None) -> Callable[..., Awaitable[Any]]:
    async def get_component_candidates(component: int, addresses: list[str], timeout: int = 5) -> Any:
        chosen = [address] if address is not None else addresses or [LOOPBACK]
        return await gather(component=component, addresses=chosen, timeout=timeout)

    return get_component_candidates


class RoundTrips:
    """Round-trip time from the ICE consent checks, which both ends send every five seconds anyway (RFC 7675)."""

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
            self._update(self._clock() - self._open.pop(transaction))

    def _update(self, seconds: float) -> None:
        # The smoothing of RFC 6298: one part in eight of the new sample.
        self.seconds = seconds if self.seconds is None else self.seconds + (seconds - self.seconds) / 8
