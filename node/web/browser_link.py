"""A WebRTC connection with a browser: its offer is answered, and Opus is sent to it or received from it.

The browser connects, never the node: candidates in an offer are left out, because the node must not contact addresses
that a stranger names, and learns a browser's address from its connectivity checks anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from node.links import aiortc_hooks, ice_hooks
from node.links.speech_track import Payload, SpeechTrack, media_track
from node.web.sdp_offer import SdpOffer
from protocol.errors import SignalError
from protocol.rtp.retiming import Push
from protocol.signalling.sdp import ask_for_opus, without_candidates

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpTransceiver

    from node.links.wire_meter import Direction
    from node.speech.profiles import Profile

logger = logging.getLogger(__name__)

# aiortc waits for its tasks, and a browser that is gone must not delay anything.
CLOSE_TIMEOUT_S = 2.0

ENDED = ("failed", "closed")

# Receives sequence number, timestamp and Opus packet.
PacketHandler = Callable[[int, int, bytes], None]


class BrowserLink:
    """One connection with a browser or another WebRTC client.

    `address` is the one local address for media (None: all of the machine's). `on_connected` is called when media can
    flow, `on_end` once when the connection is over, unless `close` came first.
    """

    def __init__(self, address: str | None, on_connected: Callable[[], None], on_end: Callable[[], None]) -> None:
        self._address = address
        self._on_connected, self._on_end = on_connected, on_end
        self._has_ended = False
        self._offer: SdpOffer
        self._connection: RTCPeerConnection | None = None

    @property
    def state(self) -> str:
        """The state by aiortc: new, connecting, connected, failed or closed."""
        return "new" if self._connection is None else str(self._connection.connectionState)

    async def take(self, offer: str) -> None:
        """Take an offer. Raises SignalError if it cannot be answered."""
        from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

        self._offer = SdpOffer.parse(without_candidates(offer))
        reduced = RTCSessionDescription(self._offer.reduced(), "offer")
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("connectionstatechange", self._state_changed)
        with _as_signal_error():
            await self._connection.setRemoteDescription(reduced)

    async def send_audio(self, most: int) -> tuple[str, list[Push]]:
        """Answer by sending on up to `most` of the audio lines; return the answer, and what sends on each of the lines.

        Raises SignalError if the offer does not want to receive audio.
        """
        pushes: list[Push] = []
        for transceiver in self._audio():
            if len(pushes) < most and aiortc_hooks.offered_direction(transceiver) in ("sendonly", "sendrecv"):
                pushes.append(self._send_on(transceiver))
            else:
                transceiver.direction = "inactive"
        if not pushes:
            raise SignalError("an offer that does not want to receive audio")
        return self._offer.complete_answer(await self._answer()), pushes

    async def receive_audio(self, profile: Profile, handler: PacketHandler) -> str:
        """Answer by receiving on the first audio line, encoded by the profile. Raises SignalError if none is sent."""
        offered = [one for one in self._audio() if aiortc_hooks.offered_direction(one) in ("recvonly", "sendrecv")]
        if not offered:
            raise SignalError("an offer that does not send audio")
        for other in self._audio():
            other.direction = "inactive"
        transceiver = offered[0]
        transceiver.direction = "recvonly"
        _choose_opus(transceiver)
        aiortc_hooks.tap_packets(transceiver.receiver, lambda _, *packet: handler(*packet))
        answer = await self._answer()
        asking = ask_for_opus(answer, bitrate=profile.bitrate, frame_ms=profile.frame_ms, dtx=profile.dtx)
        return self._offer.complete_answer(asking)

    async def close(self) -> None:
        """Close the connection, within `CLOSE_TIMEOUT_S`."""
        self._has_ended = True
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._connection.close()
        except TimeoutError:
            logger.warning("a browser's connection did not close within %s s", CLOSE_TIMEOUT_S)

    def _send_on(self, transceiver: RTCRtpTransceiver) -> Push:
        track = SpeechTrack()
        transceiver.sender.replaceTrack(media_track(track))
        transceiver.direction = "sendonly"
        _choose_opus(transceiver)

        def push(timestamp: int, packet: bytes) -> None:
            if self.state == "connected":
                track.push(Payload(timestamp, packet))

        return push

    async def _answer(self) -> str:
        connection = self._required_connection()
        ice_hooks.choose_addresses(connection, self._address)
        with _as_signal_error():
            await connection.setLocalDescription(await connection.createAnswer())
        ice_hooks.observe_datagrams(connection, _accept_all)
        return str(connection.localDescription.sdp)

    def _audio(self) -> list[RTCRtpTransceiver]:
        return self._required_connection().getTransceivers()

    def _required_connection(self) -> RTCPeerConnection:
        assert self._connection is not None, "take an offer first"
        return self._connection

    def _state_changed(self) -> None:
        if self.state == "connected":
            self._on_connected()
        elif self.state in ENDED and not self._has_ended:
            self._has_ended = True
            self._on_end()


@contextlib.contextmanager
def _as_signal_error() -> Iterator[None]:
    """Turn an error of aiortc over an offer into SignalError; a system without sockets is the node's own trouble."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise SignalError(f"the offer cannot be used: {error or type(error).__name__}") from error


def _choose_opus(transceiver: RTCRtpTransceiver) -> None:
    if not aiortc_hooks.keep_only_opus(transceiver):
        raise SignalError("an offer of audio without Opus")


def _accept_all(direction: Direction, data: bytes, address: str) -> bool:
    """Accept a datagram; `observe_datagrams` is used because it also keeps hostile ones from ending aioice's loop."""
    return True
