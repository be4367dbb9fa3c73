"""Applies the profile that the user or the links ask for to the speech that is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from node.links.peer_events import PeerEvents
from node.speech.profiles import CUSTOM, LEAN, LOWEST
from node.speech.rate_controller import RateController
from node.speech.rate_ladder import LADDER, LADDER_WITH_TEXT
from node.speech.rates import broker_kbps
from protocol.signalling import Carries, SpeechRoute

if TYPE_CHECKING:
    from node.links.peers import Peers
    from node.speech.profiles import Profile
    from node.speech.send_stream import SendStream
    from protocol.rtp.receiver_reports import Report
    from protocol.signalling import Hello


class ProfileControl(PeerEvents):
    """Keeps a stream's profile as its rate controller says, and asks the peers for the reports that it needs.

    The stream's own profile is the first. If `adapts`, it follows the links within `max_kbps` from the beginning. A
    node that does not send (`sends`) changes nothing. One that `writes` what is said sends that alone when no profile
    fits. A profile for decoders that enhance gives way to `lean` while a listener has none.
    """

    def __init__(
        self,
        stream: SendStream,
        peers: Peers,
        *,
        max_kbps: float,
        adapts: bool,
        clock: Callable[[], float],
        note: Callable[[str], None],
        sends: bool = True,
        writes: bool = False,
    ) -> None:
        self._stream, self._peers, self._max_kbps = stream, peers, max_kbps
        self._clock, self._note, self._sends, self._writes = clock, note, sends, writes
        limit = max_kbps if adapts else None
        ladder = LADDER_WITH_TEXT if writes else LADDER
        self._by_broker: set[str] = set()
        self._unenhanced: dict[str, str] = {}
        self._held_back = False
        self._controller = RateController(stream.profile, limit, clock(), peers.take_copies, ladder)

    @property
    def profile(self) -> Profile:
        """The profile that speech is sent by."""
        return self._stream.profile

    def joined(self, peer: str, hello: Hello) -> None:
        """Give way to a listener whose decoder does not enhance."""
        if hello.carries & (Carries.SPEECH_IN | Carries.ENHANCED_IN) == Carries.SPEECH_IN:
            self._unenhanced[peer] = hello.name or peer
        else:
            self._unenhanced.pop(peer, None)
        self._apply(self._within_the_broker(self._controller.profile))

    def speaks_to_audience(self) -> None:
        """Count on listeners of whom nothing is heard, not even how they decode."""
        self._unenhanced[""] = "the audience"  # no peer has this id
        self._apply(self._within_the_broker(self._controller.profile))

    def link_up(self, peer: str) -> None:
        """Ask for reports every second at first, if the profile follows the links."""
        if self._controller.adapts:
            self._peers.want_reports(True)

    def link_ended(self, peer: str) -> None:
        """Forget what the peer reported."""
        self._controller.forget(peer)

    def report_received(self, peer: str, report: Report) -> None:
        """Adapt the profile to what a peer reports of our packets."""
        now = self._clock()
        self._apply(self._within_the_broker(self._controller.report(peer, report, now)))
        if self._controller.adapts:
            self._peers.want_reports(self._controller.is_trying(now))

    def route_changed(self, peer: str, route: str) -> None:
        """Adapt the profile to speech that goes through the broker, from which no report comes."""
        (self._by_broker.add if route == SpeechRoute.BROKER else self._by_broker.discard)(peer)
        self._apply(self._within_the_broker(self._controller.profile))

    def left(self, peer: str) -> None:
        """Forget by which way the peer was spoken to, and how it decodes."""
        self._unenhanced.pop(peer, None)
        self.route_changed(peer, SpeechRoute.NONE)

    def _within_the_broker(self, profile: Profile) -> Profile:
        """Return the profile; one that adapts, with no link to adapt to, is `lean`, or less if that is too much."""
        if not self._by_broker or not self._controller.adapts:
            return profile
        most = LEAN if broker_kbps(LEAN) <= self._max_kbps else LOWEST
        return min(profile, most, key=lambda one: one.bitrate)

    def change(self, profile: Profile) -> None:
        """Send by other settings from now on, whatever the links do to them; note it if that cannot be."""
        if self._is_text_for_good() and not profile.text_only:
            return
        if profile.text_only and not self._writes:
            self._note(f"{profile.name} sends what is written of your speech: begin the call with --transcribe")
            return
        if profile.name == CUSTOM == self._controller.profile.name:
            self._note("speech goes by other options now")
        self._held_back = False
        self._apply(self._controller.choose(profile))
        self._peers.want_reports(False)

    def follow_the_link(self) -> None:
        """Send by what the links carry from now on, as far as the settings let it."""
        if self._is_text_for_good():
            return
        profile = self._controller.follow(self._max_kbps, self._clock())
        self._note(f"speech follows the link now, within {self._max_kbps:g} kbit/s")
        self._apply(profile)
        self._peers.want_reports(True)

    def _is_text_for_good(self) -> bool:
        """Return whether no sound can be sent in this call, and note it."""
        if self._sends or not self._stream.profile.text_only:
            return False
        self._note("this call was begun with text alone: begin it anew to be heard")
        return True

    def _apply(self, wanted: Profile) -> None:
        if not self._sends:
            return
        before, is_news = self._stream.profile, not self._held_back
        self._held_back = wanted.for_enhancers and bool(self._unenhanced)
        profile = replace(LEAN, redundancy=wanted.redundancy) if self._held_back else wanted
        if profile != before:
            self._stream.change(profile)
        if self._held_back and is_news:
            without = ", ".join(self._unenhanced.values())
            self._note(f"speech goes by {LEAN.name}: {wanted.name} is not for the libopus of {without}")
        elif (profile.name, bool(profile.redundancy)) != (before.name, bool(before.redundancy)):
            self._note(_said(profile))


def _said(profile: Profile) -> str:
    if profile.text_only:
        return "speech goes as text alone now: the others read it"
    return f"speech goes by {profile.name} now{', with copies' if profile.redundancy else ''}"
