"""WebRTC with a browser: what it offers is answered, Opus goes to it or comes from it.

The node only waits to be called: candidates in an offer are left out, because addresses that a stranger names are not
to be contacted, and a browser's checks tell its address anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from node.links import aiortc_hooks, ice_hooks
from node.links.speech_track import Payload, SpeechTrack, media_track
from node.web.offers import Offer
from protocol.errors import SignalError
from protocol.rtp.retiming import Push

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpTransceiver

    from node.links.wire_meter import Direction
    from node.speech.profiles import Profile

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 2.0
"""aiortc waits for its tasks, and a browser that is gone must not hold up anything."""

DONE = ("failed", "closed")

PacketHandler = Callable[[int, int, bytes], None]
"""Takes sequence number, timestamp and Opus packet."""


class BrowserLink:
    """One connection with a browser or another WebRTC client.

    `address` is the one local address for media (None: all of the machine's), `on_end` is called once when the
    connection is over.
    """

    def __init__(self, address: str | None, on_up: Callable[[], None], on_end: Callable[[], None]) -> None:
        self._address = address
        self._on_up, self._on_end = on_up, on_end
        self._ended = False
        self._offer: Offer
        self._connection: RTCPeerConnection | None = None

    @property
    def state(self) -> str:
        """aiortc's: new, connecting, connected, failed or closed."""
        return "new" if self._connection is None else str(self._connection.connectionState)

    async def take(self, offer: str) -> None:
        """Take an offer. SignalError if it is none that can be answered."""
        from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

        self._offer = Offer.parse(without_candidates(offer))
        reduced = RTCSessionDescription(self._offer.reduced(), "offer")
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("connectionstatechange", self._state_changed)
        with _blaming_the_offer():
            await self._connection.setRemoteDescription(reduced)

    async def listen(self, most: int) -> tuple[str, list[Push]]:
        """Answer by sending on up to so many of the audio lines: the answer, and what sends on each of the lines.

        SignalError if the offer wants none.
        """
        pushes: list[Push] = []
        for transceiver in self._audio():
            if len(pushes) < most and aiortc_hooks.offered_direction(transceiver) in ("sendonly", "sendrecv"):
                pushes.append(self._sending(transceiver))
            else:
                transceiver.direction = "inactive"
        if not pushes:
            raise SignalError("an offer that does not want to receive audio")
        return self._offer.whole(await self._answer()), pushes

    async def hear(self, profile: Profile, handler: PacketHandler) -> str:
        """Answer by receiving on the first audio line, as the profile would have it. SignalError if nothing is sent."""
        sending = [one for one in self._audio() if aiortc_hooks.offered_direction(one) in ("recvonly", "sendrecv")]
        if not sending:
            raise SignalError("an offer that does not send audio")
        for other in self._audio():
            other.direction = "inactive"
        only = sending[0]
        only.direction = "recvonly"
        _choose_opus(only)
        aiortc_hooks.tap_packets(only.receiver, lambda _, *packet: handler(*packet))
        return self._offer.whole(asking_for(await self._answer(), profile))

    async def close(self) -> None:
        """End the connection; never takes longer than `CLOSE_TIMEOUT_S`."""
        self._ended = True
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._connection.close()
        except TimeoutError:
            logger.warning("a browser's connection did not close within %s s", CLOSE_TIMEOUT_S)

    def _sending(self, transceiver: RTCRtpTransceiver) -> Push:
        track = SpeechTrack()
        transceiver.sender.replaceTrack(media_track(track))
        transceiver.direction = "sendonly"
        _choose_opus(transceiver)

        def push(timestamp: int, packet: bytes) -> None:
            if self.state == "connected":
                track.push(Payload(timestamp, packet))

        return push

    async def _answer(self) -> str:
        connection = self._taken()
        ice_hooks.choose_addresses(connection, self._address)
        with _blaming_the_offer():
            await connection.setLocalDescription(await connection.createAnswer())
        ice_hooks.observe_datagrams(connection, _let_pass)
        return str(connection.localDescription.sdp)

    def _audio(self) -> list[RTCRtpTransceiver]:
        return self._taken().getTransceivers()

    def _taken(self) -> RTCPeerConnection:
        assert self._connection is not None, "take an offer first"
        return self._connection

    def _state_changed(self) -> None:
        if self.state == "connected":
            self._on_up()
        elif self.state in DONE and not self._ended:
            self._ended = True
            self._on_end()


@contextlib.contextmanager
def _blaming_the_offer() -> Iterator[None]:
    """Turn what aiortc trips over into SignalError; a system without sockets is our own trouble."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise SignalError(f"the offer cannot be used: {error or type(error).__name__}") from error


def _choose_opus(transceiver: RTCRtpTransceiver) -> None:
    if not aiortc_hooks.keep_only_opus(transceiver):
        raise SignalError("an offer of audio without Opus")


def _let_pass(direction: Direction, data: bytes, address: str) -> bool:
    """Only for what `observe_datagrams` does besides: keep hostile datagrams from ending aioice's loop."""
    return True


def without_candidates(sdp: str) -> str:
    """Return the description without addresses. Lines end in CR LF."""
    dropped = ("a=candidate:", "a=end-of-candidates")
    lines = [line for line in sdp.splitlines() if line and not line.startswith(dropped)]
    return "\r\n".join(lines) + "\r\n"


def asking_for(sdp: str, profile: Profile) -> str:
    """Return an answer that asks for Opus (RFC 7587, section 7) as the profile encodes it, in packets of one frame."""
    wanted = {
        "minptime": profile.frame_ms,
        "maxaveragebitrate": profile.bitrate,
        "stereo": 0,
        "sprop-stereo": 0,
        "useinbandfec": 0,
        "usedtx": int(profile.dtx),
    }
    parameters = ";".join(f"{name}={value}" for name, value in wanted.items())
    lines = []
    for line in sdp.splitlines():
        opus = re.fullmatch(r"a=rtpmap:(\d+) opus/48000/2", line, re.IGNORECASE)
        if line.startswith("a=fmtp:") and re.search(rf"(?mi)^a=rtpmap:{line[7:].split()[0]} opus/", sdp):
            continue
        lines.append(line)
        if opus is not None:
            lines += [f"a=fmtp:{opus[1]} {parameters}", f"a=ptime:{profile.frame_ms}", "a=maxptime:120"]
    return "\r\n".join(lines) + "\r\n"
