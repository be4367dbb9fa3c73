"""One WebRTC connection to one peer: encoded Opus packets out, RTP packets in.

The room decides when to offer and when to answer (``protocol.signalling``); a :class:`PeerLink` only makes and takes
the descriptions, moves packets, and says when the connection is up or gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import unquote, urlsplit

from node.links import consent, control_hooks, hooks
from node.links.reports import Report, Reporting
from node.links.sdp import trim
from protocol.errors import NodeError, SignalError

if TYPE_CHECKING:
    import av
    from aiortc import MediaStreamTrack, RTCIceServer, RTCPeerConnection
    from av.stream import Stream

    from node.links.wire import Direction, WireMeter

logger = logging.getLogger(__name__)

RTP_CLOCK = 48_000
MAX_QUEUED_PACKETS = 4  # half a second: a link that takes no packets for longer gets the newest, speech never waits
CLOSE_TIMEOUT_S = 2.0  # aiortc waits for its tasks; a dead network must not hold up the end of a call

State = Literal["new", "connecting", "connected", "failed", "closed"]
Observer = Callable[["Direction", bytes], bool]


@dataclass(frozen=True, slots=True)
class Way:
    """Which directions speech takes on a link, as this node sees it."""

    sends: bool
    receives: bool

    @property
    def direction(self) -> str:
        if self.sends and self.receives:
            return "sendrecv"
        return "sendonly" if self.sends else "recvonly"


def ice_server(url: str) -> RTCIceServer:
    """``stun:host[:port]`` or ``turn:user:password@host[:port]`` as aiortc takes it.

    Raises NodeError if the URL is neither.
    """
    from aiortc import RTCIceServer
    from aiortc.rtcicetransport import parse_stun_turn_uri

    scheme, _, rest = url.partition(":")
    bare = f"{scheme}:{rest.rpartition('@')[2]}"
    try:
        parse_stun_turn_uri(bare)
        parts = urlsplit("//" + rest)
    except ValueError:
        raise NodeError(f"not an ICE server: {bare!r}; write stun:HOST or turn:USER:PASSWORD@HOST") from None
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return RTCIceServer(bare, username=username, credential=password)


@contextlib.contextmanager
def _blaming_the_peer(kind: str) -> Iterator[None]:
    """Turns what aiortc trips over in a peer's description into SignalError; a system without sockets is our own.

    Its parser checks little: a damaged line may come out as a ValueError, KeyError, AttributeError or OperationError.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise SignalError(f"the peer's {kind} cannot be used: {error or type(error).__name__}") from error


class _SpeechTrack:
    """Hands queued packets to aiortc's sender as ``av.Packet``s, which pass through it untouched."""

    def __init__(self) -> None:
        self._packets: deque[tuple[int, bytes]] = deque(maxlen=MAX_QUEUED_PACKETS)
        self._ready = asyncio.Event()

    def push(self, timestamp: int, payload: bytes) -> None:
        self._packets.append((timestamp, payload))
        self._ready.set()

    async def next_packet(self) -> tuple[int, bytes]:
        while not self._packets:
            self._ready.clear()
            await self._ready.wait()
        return self._packets.popleft()


def _media_track(track: _SpeechTrack) -> MediaStreamTrack:
    import av
    from aiortc import MediaStreamTrack

    class EncodedSpeech(MediaStreamTrack):
        kind = "audio"

        async def recv(self) -> av.Packet[Stream]:
            timestamp, payload = await track.next_packet()
            packet = av.Packet(payload)
            packet.pts, packet.time_base = timestamp, fractions.Fraction(1, RTP_CLOCK)
            return packet

    return EncodedSpeech()


class PeerLink:
    """The media connection of one call.

    ``on_packet(sequence, timestamp, payload)`` gets every received RTP packet; it must not raise.
    ``on_state(state)`` is called when the connection comes up, fails or closes.
    ``address`` is the one local address to use for media; by default all of the machine's are offered.
    ``observer`` sees (and may drop) every datagram: the meter's place, and the tests' lossy network.
    ``on_report(report)`` gets what the peer says of our packets; ``reporting.eager`` has it say so every second.
    ``heard_at`` is when anything came last, on the loop's clock: speech, a report, a question for consent.
    """

    def __init__(
        self,
        way: Way,
        *,
        on_packet: hooks.PacketHandler,
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
        self._speech = _SpeechTrack()
        self._busy, self._closing = asyncio.Lock(), False
        self._connection: RTCPeerConnection = RTCPeerConnection(
            RTCConfiguration(iceServers=[ice_server(url) for url in ice_servers])
        )
        self._connection.on("connectionstatechange", self._state_changed)
        hooks.shorten_cname(self._connection)
        self.round_trips = hooks.RoundTrips()

    @property
    def state(self) -> State:
        return cast(State, self._connection.connectionState)

    async def offer(self) -> str:
        """Our description, as an offer. Gathers addresses first: there is no trickling."""
        async with self._describing():
            self._add_speech()
            self._tune()
            await self._connection.setLocalDescription(await self._connection.createOffer())
            return self._described()

    async def answer(self, sdp: str) -> str:
        """Takes the peer's offer and returns our answer. Raises SignalError if it is not an offer we can take."""
        async with self._describing():
            with _blaming_the_peer("offer"):
                await self._apply(sdp, "offer")
                self._add_speech()
                self._tune()
                await self._connection.setLocalDescription(await self._connection.createAnswer())
            return self._described()

    async def accept(self, sdp: str) -> None:
        """Takes the peer's answer to our offer. Raises SignalError if it does not fit."""
        with _blaming_the_peer("answer"):
            await self._apply(sdp, "answer")

    def send(self, timestamp: int, payload: bytes) -> None:
        """Queues one RTP payload; ``timestamp`` counts 48 kHz samples. Until the link is up it is dropped."""
        if self.state == "connected":
            self._speech.push(timestamp, payload)

    async def close(self) -> None:
        """Ends the connection; never takes longer than ``CLOSE_TIMEOUT_S``."""
        self._closing = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S), self._busy:
                await self._connection.close()
        except TimeoutError:
            logger.warning("a WebRTC connection did not close within %s s", CLOSE_TIMEOUT_S)

    @contextlib.asynccontextmanager
    async def _describing(self) -> AsyncIterator[None]:
        """Keeps ``close`` waiting: aiortc, closed while it gathers addresses, leaves their sockets open for ever.

        Should gathering outlast the patience of ``close``, what that began is ended here.
        """
        try:
            async with self._busy:
                yield
        finally:
            if self._closing:
                await self.close()

    def _add_speech(self) -> None:
        from aiortc import RTCRtpSender

        transceivers = self._connection.getTransceivers()
        if transceivers:
            transceiver = transceivers[0]
        else:
            transceiver = self._connection.addTransceiver("audio", direction=self._way.direction)
        if self._way.sends:
            transceiver.sender.replaceTrack(_media_track(self._speech))
        transceiver.direction = self._way.direction
        codecs = RTCRtpSender.getCapabilities("audio").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == "audio/opus"])

    def _tune(self) -> None:
        hooks.choose_addresses(self._connection, self._address)
        control_hooks.ask_for_consent_by(self._connection, consent.keep)
        for transceiver in self._connection.getTransceivers():
            hooks.choose_short_srtp_tag(transceiver)
            control_hooks.report_by(transceiver, self.reporting, self._reported)
            hooks.mark_talkspurts(transceiver)
            hooks.tap_packets(transceiver.receiver, self._on_packet)

    def _described(self) -> str:
        hooks.observe_datagrams(self._connection, self._datagram)
        return trim(self._connection.localDescription.sdp)

    async def _apply(self, sdp: str, kind: Literal["offer", "answer"]) -> None:
        from aiortc import RTCSessionDescription

        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, kind))

    def _reported(self, report: Report) -> None:
        if report.round_trip_s is not None:
            self.round_trips.add(report.round_trip_s)
        self._on_report(report)

    def _datagram(self, direction: Direction, data: bytes, address: str) -> bool:
        if self._observer is not None and not self._observer(direction, data):
            return False
        self._meter.datagram(direction, data, address)
        if direction == "received":
            self.heard_at = asyncio.get_running_loop().time()
        self.round_trips.observe(direction, data)
        return True

    def _state_changed(self) -> None:
        if self.state in ("connected", "failed", "closed"):
            self._on_state(self.state)
