"""One WebRTC connection to one peer: encoded Opus packets out, RTP packets in.

The room decides when to offer and when to answer (`protocol.signalling`); a :class:`PeerLink` only makes and takes
the descriptions, moves packets, and says when the connection is up or gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from node.links import aiortc_hooks, ice_hooks, rtcp_hooks
from node.links.ice_servers import ice_server
from node.links.speech_track import Payload, SpeechTrack, media_track
from node.links.wire_meter import udp_kind
from protocol.errors import PacketError, SignalError
from protocol.rtp import red
from protocol.rtp.receiver_reports import Report, Reporting
from protocol.rtp.red import Copy
from protocol.signalling.sdp import bounded, trim
from protocol.speech import opus_packet

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection

    from node.links.relay_meter import RelayMeter
    from node.links.wire_meter import Direction, WireMeter

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 2.0  # aiortc waits for its tasks; a dead network must not hold up the end of a call

State = Literal["new", "connecting", "connected", "failed", "closed"]
Observer = Callable[["Direction", bytes], bool]
PacketHandler = Callable[[int, int, bytes, Sequence[Copy]], None]


@dataclass(frozen=True, slots=True)
class MediaDirection:
    """Which directions speech takes on a link, as this node sees it; a peer that `fills` uses high-band gains."""

    sends: bool
    receives: bool
    fills: bool = False

    @property
    def direction(self) -> str:
        if self.sends and self.receives:
            return "sendrecv"
        return "sendonly" if self.sends else "recvonly"


@contextlib.contextmanager
def _blaming_the_peer(kind: str) -> Iterator[None]:
    """Turn what aiortc trips over in a peer's description into SignalError; a system without sockets is our own.

    Its parser checks little: a damaged line may come out as a ValueError, KeyError, AttributeError or OperationError.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise SignalError(f"the peer's {kind} cannot be used: {error or type(error).__name__}") from error


class PeerLink:
    """The media connection of one call.

    `on_packet(sequence, timestamp, payload, copies)` gets every received RTP packet: its Opus packet and the copies
    of earlier ones that came along; it must not raise.
    `on_state(state)` is called when the connection comes up, fails or closes.
    `address` is the one local address to use for media; by default all of the machine's are offered.
    `observer` sees (and may drop) every datagram: the meter's place, and the tests' lossy network.
    `on_report(report)` gets what the peer says of our packets; `reporting.eager` has it say so every second.
    `heard_at` is when anything came last, on the loop's clock: speech, a report, a question for consent.
    `on_words(words)` gets what the peer's program says beside its speech; it must not raise.
    """

    def __init__(
        self,
        way: MediaDirection,
        *,
        on_packet: PacketHandler,
        on_state: Callable[[State], None],
        meter: WireMeter,
        ice_servers: Sequence[str] = (),
        address: str | None = None,
        observer: Observer | None = None,
        on_report: Callable[[Report], None] = lambda report: None,
    ) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        self._way = way
        self._on_packet = on_packet
        self._on_state = on_state
        self._meter = meter
        self._address = address
        self._observer = observer
        self._on_report = on_report
        self.reporting = Reporting()
        self.heard_at: float | None = None
        self.on_words: Callable[[bytes], None] = lambda words: None
        self._speech = SpeechTrack()
        self._busy, self._closing = asyncio.Lock(), False
        self._ice_servers = [ice_server(url) for url in ice_servers]
        self.connection: RTCPeerConnection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        aiortc_hooks.know_red()
        self.connection.on("connectionstatechange", self._state_changed)
        aiortc_hooks.shorten_cname(self.connection)
        self.round_trips = ice_hooks.RoundTrips()

    @property
    def state(self) -> State:
        return cast(State, self.connection.connectionState)

    @property
    def local_addresses(self) -> frozenset[str]:
        """The addresses of this machine that media goes from; before the link is up, all that it may go from."""
        return ice_hooks.local_addresses(self.connection)

    async def offer(self) -> str:
        """Our description, as an offer. Gathers addresses first: there is no trickling."""
        async with self._describing():
            self._add_speech()
            self._tune()
            await self.connection.setLocalDescription(await self.connection.createOffer())
            return self._described()

    async def answer(self, sdp: str) -> str:
        """Take the peer's offer and return our answer. Raises SignalError if it is not an offer we can take."""
        async with self._describing():
            with _blaming_the_peer("offer"):
                await self._apply(sdp, "offer")
                self._add_speech()
                self._tune()
                await self.connection.setLocalDescription(await self.connection.createAnswer())
            return self._described()

    async def accept(self, sdp: str) -> None:
        """Take the peer's answer to our offer. Raises SignalError if it does not fit."""
        with _blaming_the_peer("answer"):
            await self._apply(sdp, "answer")

    @property
    def speaks_red(self) -> bool:
        """Whether copies of earlier packets reach the peer: both ends know RED."""
        return self._types().red is not None

    def send(self, timestamp: int, payload: bytes, copies: Sequence[Copy] = (), sequence: int | None = None) -> None:
        """Queue one Opus packet; `timestamp` counts 48 kHz samples. Until the link is up it is dropped.

        Copies of earlier packets go along as RED if the peer knows it; without any it is plain Opus. Packets are
        numbered one after the other, unless each has a `sequence`: what was recorded keeps its losses so.
        """
        if self.state != "connected":
            return
        types = self._types()
        if copies and types.opus is not None and types.red is not None:
            self._speech.push(Payload(timestamp, red.pack(payload, copies, types.opus), types.red, sequence))
        else:
            self._speech.push(Payload(timestamp, payload, None, sequence))

    async def send_words(self, words: bytes) -> None:
        """Say something to the peer's program, once: it may be lost. Until the link is up it is dropped."""
        with contextlib.suppress(ConnectionError):
            await rtcp_hooks.send_words(self.connection.getTransceivers()[0], words)

    async def close(self) -> None:
        """End the connection; never takes longer than `CLOSE_TIMEOUT_S`."""
        self._closing = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S), self._busy:
                await self.connection.close()
        except TimeoutError:
            logger.warning("a WebRTC connection did not close within %s s", CLOSE_TIMEOUT_S)

    @contextlib.asynccontextmanager
    async def _describing(self) -> AsyncIterator[None]:
        """Keep `close` waiting: aiortc, closed while it gathers addresses, leaves their sockets open for ever.

        Should gathering outlast the patience of `close`, what that began is ended here.
        """
        try:
            async with self._busy:
                yield
        finally:
            if self._closing:
                await self.close()

    def _add_speech(self) -> None:
        from aiortc import RTCRtpSender

        transceivers = self.connection.getTransceivers()
        if transceivers:
            transceiver = transceivers[0]
        else:
            transceiver = self.connection.addTransceiver("audio", direction=self._way.direction)
        if self._way.sends:
            transceiver.sender.replaceTrack(media_track(self._speech))
        transceiver.direction = self._way.direction
        codecs = RTCRtpSender.getCapabilities("audio").codecs
        speech = [codec for codec in codecs if codec.mimeType in ("audio/opus", "audio/red")]
        transceiver.setCodecPreferences(speech)

    def _tune(self) -> None:
        ice_hooks.choose_addresses(self.connection, self._address, self._ice_servers)
        rtcp_hooks.install_consent(self.connection, rtcp_hooks.keep_consent)
        for transceiver in self.connection.getTransceivers():
            aiortc_hooks.choose_short_srtp_tag(transceiver)
            aiortc_hooks.put_opus_first(transceiver)
            aiortc_hooks.choose_payload_type(transceiver, lambda opus: self._speech.payload_type or opus)
            rtcp_hooks.install_reporting(transceiver, self.reporting, self._reported)
            rtcp_hooks.tap_words(transceiver, self._words_received)
            aiortc_hooks.mark_talkspurts(transceiver)
            aiortc_hooks.number_packets(transceiver, lambda: self._speech.sequence)
            aiortc_hooks.stamp_packets(transceiver, lambda: self._speech.timestamp)
            aiortc_hooks.tap_packets(transceiver.receiver, self._received)

    def _types(self) -> aiortc_hooks.SpeechTypes:
        return aiortc_hooks.speech_types(self.connection.getTransceivers()[0])

    def _received(self, payload_type: int, sequence: int, timestamp: int, payload: bytes) -> None:
        types = self._types()
        copies: tuple[Copy, ...] = ()
        if payload_type == types.red and types.opus is not None:
            try:
                payload, copies = red.parse(payload, types.opus)
            except PacketError as error:
                logger.debug("a packet that is no RED: %s", error)
                return
        self._note_arrival(sequence, timestamp, payload)
        self._on_packet(sequence, timestamp, payload, copies)

    def _words_received(self, words: bytes) -> None:
        self.on_words(words)

    def _note_arrival(self, sequence: int, timestamp: int, payload: bytes) -> None:
        with contextlib.suppress(PacketError):  # the decoder finds that out as well
            end = timestamp + round(opus_packet.duration_ms(payload) * opus_packet.SAMPLES_PER_MS)
            self.reporting.packet_received(sequence, end, time.monotonic())

    def _described(self) -> str:
        ice_hooks.observe_datagrams(self.connection, self._datagram)
        return trim(self.connection.localDescription.sdp)

    async def _apply(self, sdp: str, kind: Literal["offer", "answer"]) -> None:
        from aiortc import RTCSessionDescription

        await self.connection.setRemoteDescription(RTCSessionDescription(bounded(sdp), kind))

    def _reported(self, report: Report) -> None:
        if report.round_trip_s is not None:
            self.round_trips.add(report.round_trip_s)
        self._on_report(report)

    def _datagram(self, direction: Direction, data: bytes, address: str, relay: RelayMeter | None = None) -> bool:
        if self._observer is not None and not self._observer(direction, data):
            return False
        self._meter.datagram(direction, data, address, relay)
        if direction == "sent" and udp_kind(data) == "rtp":
            self.reporting.packet_sent(int.from_bytes(data[2:4]), time.monotonic())
        if direction == "received":
            self.heard_at = asyncio.get_running_loop().time()
        self.round_trips.observe(direction, data)
        return True

    def _state_changed(self) -> None:
        if self.state in ("connected", "failed", "closed"):
            self._on_state(self.state)
