"""How long a peer may be silent on a link."""

from __future__ import annotations

import pytest

from node.links.linked_peer import (
    DEAD_AFTER_S,
    DOUBT_AFTER_S,
    SILENT_AFTER_S,
    LinkActivity,
    LinkedPeer,
    media_direction,
)
from node.links.webrtc import MediaDirection
from protocol.rtp.red import Copy
from protocol.signalling import Carries
from protocol.speech import high_band

SPEECH, PAUSE = b"\x18speech", b"\x18"  # a 60 ms frame, and an empty one


def test_a_peer_that_talks_is_silent_after_a_few_seconds_whatever_else_it_sends() -> None:
    activity = LinkActivity(speech_at=0.0)
    activity.packet(SPEECH, now=100.0)
    assert not activity.is_silent(100.0 + SILENT_AFTER_S, datagram_at=None)
    assert activity.is_silent(100.1 + SILENT_AFTER_S, datagram_at=100.0 + SILENT_AFTER_S)
    assert not activity.is_silent(100.0 + DOUBT_AFTER_S, None, DOUBT_AFTER_S)
    assert activity.is_silent(100.1 + DOUBT_AFTER_S, None, DOUBT_AFTER_S)


def test_a_pause_is_not_taken_for_death_as_long_as_anything_is_received() -> None:
    activity = LinkActivity(speech_at=0.0)
    activity.packet(PAUSE, now=100.0)
    assert not activity.is_silent(100.1 + DEAD_AFTER_S, datagram_at=101.0)
    assert not activity.is_silent(101.0 + DEAD_AFTER_S, datagram_at=101.0)
    assert activity.is_silent(101.1 + DEAD_AFTER_S, datagram_at=101.0)


@pytest.mark.parametrize(("payload", "pauses"), [(PAUSE, True), (SPEECH, False)])
def test_the_last_packet_says_whether_the_peer_pauses(payload: bytes, pauses: bool) -> None:
    activity = LinkActivity(speech_at=0.0, pauses=not pauses, doubted=True)
    activity.packet(payload, now=7.0)
    assert activity == LinkActivity(speech_at=7.0, pauses=pauses, doubted=False)
    assert (activity.newest_at(None), activity.newest_at(5.0), activity.newest_at(9.0)) == (7.0, 7.0, 9.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "direction"),
    [
        (Carries.EVERYTHING, Carries.EVERYTHING, MediaDirection(sends=True, receives=True)),
        (Carries.SPEECH_OUT, Carries.EVERYTHING, MediaDirection(sends=True, receives=False)),
        (Carries.SPEECH_IN, Carries.SPEECH_IN, MediaDirection(sends=False, receives=False)),
        (Carries.SPEECH_OUT, Carries.SPEECH_IN | Carries.HIGH_BAND_IN, MediaDirection(True, False, fills=True)),
    ],
)
def test_speech_takes_the_directions_that_both_carry(ours: Carries, theirs: Carries, direction: MediaDirection) -> None:
    assert media_direction(ours, theirs) == direction


class KeptLink:
    """A link that keeps what it is given to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[object, ...]] = []

    def send(self, *packet: object) -> None:
        self.sent.append(packet)


@pytest.mark.parametrize("fills", [True, False])
def test_a_peer_that_does_not_fill_the_high_band_gets_no_gains(fills: bool) -> None:
    filled, link = high_band.beside(SPEECH, [(3, 2, 1, 0)] * 3), KeptLink()
    direction = MediaDirection(sends=True, receives=True, fills=fills)
    peer = LinkedPeer(7, link, direction, LinkActivity(0.0))  # type: ignore[arg-type]
    peer.send(960, filled, [Copy(2880, filled)], sequence=5)
    wanted = filled if fills else SPEECH
    assert link.sent == [(960, wanted, [Copy(2880, wanted)], 5)]
