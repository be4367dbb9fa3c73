"""A link with one peer: how it is made, whether it is up, and how long the peer may be silent on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.links.webrtc import MediaDirection, PeerLink
from protocol.errors import NodeError
from protocol.signalling import Carries
from protocol.signalling.room import MAX_PEERS
from protocol.speech import opus_packet

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.links.webrtc import Observer, PacketHandler, State
    from node.links.wire_meter import WireMeter
    from protocol.rtp.receiver_reports import Report

# A peer that talks and whose packets stop for this long is dead or has moved.
SILENT_AFTER_S = 5.0

# A peer that pauses sends nothing but reports and consent checks, some of which are lost.
DEAD_AFTER_S = 15.0

# By the time a talking peer counts as dead, it is known whether the broker is, too.
DOUBT_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How links are made: see `node.links.webrtc.PeerLink`."""

    meter: WireMeter
    ice_servers: tuple[str, ...] = ()
    address: str | None = None
    observer: Observer | None = None

    def link(
        self,
        direction: MediaDirection,
        *,
        on_packet: PacketHandler,
        on_state: Callable[[State], None],
        on_report: Callable[[Report], None],
    ) -> PeerLink:
        """Make a link."""
        return PeerLink(
            direction,
            on_packet=on_packet,
            on_state=on_state,
            meter=self.meter,
            ice_servers=self.ice_servers,
            address=self.address,
            observer=self.observer,
            on_report=on_report,
        )


@dataclass(slots=True)
class LinkActivity:
    """The activity of one peer on a link, in seconds on one clock. `speech_at` is when its speech came last.

    `pauses` says that its last packet began a pause; `doubted`, that it was silent for so long that the broker was
    probed.
    """

    speech_at: float
    pauses: bool = True
    doubted: bool = False

    def packet(self, payload: bytes, now: float) -> None:
        """Note a packet of speech."""
        self.speech_at, self.pauses, self.doubted = now, opus_packet.begins_pause(payload), False

    def newest_at(self, datagram_at: float | None) -> float:
        """Return when anything came last, speech or not, given the time of the last datagram."""
        return max(self.speech_at, datagram_at or 0.0)

    def is_silent(self, now: float, datagram_at: float | None, talking_s: float = SILENT_AFTER_S) -> bool:
        """Tell whether nothing came for too long: `talking_s` from a peer that talks, DEAD_AFTER_S in a pause."""
        if self.pauses:
            return self.newest_at(datagram_at) < now - DEAD_AFTER_S
        return self.speech_at < now - talking_s


@dataclass(slots=True)
class LinkedPeer:
    """A link with a peer, made for one attempt at a call (`call_id`)."""

    call_id: int
    link: PeerLink
    direction: MediaDirection
    activity: LinkActivity
    up: bool = False

    @property
    def newest_at(self) -> float:
        """When anything came last, speech or not."""
        return self.activity.newest_at(self.link.heard_at)

    @property
    def listens(self) -> bool:
        """Whether speech reaches the peer now."""
        return self.up and self.direction.sends

    def is_silent(self, now: float, talking_s: float = SILENT_AFTER_S) -> bool:
        """Tell whether a peer from which speech is expected was silent for too long (see `LinkActivity`)."""
        return self.up and self.direction.receives and self.activity.is_silent(now, self.link.heard_at, talking_s)


async def room_is_full() -> None:
    """Raise NodeError: there is no place for this node."""
    raise NodeError(f"the room is full: {MAX_PEERS + 1} are in it; come back when somebody has left")


def media_direction(ours: Carries, theirs: Carries) -> MediaDirection:
    """Return which directions speech takes between two nodes."""
    return MediaDirection(
        sends=bool(ours & Carries.SPEECH_OUT and theirs & Carries.SPEECH_IN),
        receives=bool(ours & Carries.SPEECH_IN and theirs & Carries.SPEECH_OUT),
    )
