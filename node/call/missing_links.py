"""Speech links that are missing: a line for the user that says so and why, and one when the link is there.

A peer with which there is speech to exchange is met when its hello is proven; a link takes a second or two from then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.links.attempts import cause_of
from node.links.peer_events import PeerEvents
from protocol.signalling.route import speech_in_common
from protocol.signalling.states import State

if TYPE_CHECKING:
    from node.links.attempts import Attempt
    from protocol.signalling import Carries, Hello

# A link over a slow broker takes 3 s; what is silent for longer than this troubles those who talk.
MISSING_AFTER_S = 5.0
# A link that ended is made again at once, and back within this time if nothing but the link had failed.
BACK_WITHIN_S = 2.0
CHECK_EVERY_S = 0.5

LOST = "nothing comes from the peer any more: its network or ours is gone, or UDP is blocked now"
NO_BROKER = "our broker is away, and calls are made through it"
UNKNOWN = "nothing is known of why"
TRIES_AGAIN = "trying again and again; a TURN server may help (ice_servers)"
# Behind a name, in a list.
NO_SPEECH = "no speech link"
WAITS = "no way for speech: the broker is away"
BY_BROKER = "speech goes through the broker"
# Peers that left and were never spoken with, of which the summary says so.
MAX_GONE = 64


@dataclass(slots=True)
class _Awaited:
    """A peer with which a link is wanted: since when it is missing (None: it is up), and what is known of why."""

    name: str
    since: float | None
    heard_at: float
    was_up: bool = False
    cause: str = UNKNOWN
    reported: str | None = None
    by_broker: bool = False

    @property
    def had_speech(self) -> bool:
        return self.was_up or self.by_broker

    def is_due(self, now: float) -> bool:
        """Tell whether the link is missing for so long that the user is to know."""
        if self.since is None:
            return False
        if not self.was_up:
            return now >= self.since + MISSING_AFTER_S
        return now >= max(self.heard_at + MISSING_AFTER_S, self.since + BACK_WITHIN_S)


class MissingLinks(PeerEvents):
    """Notes each missing link once for each time that it is missing, and the speech's way around it.

    `carries` is what this node sends and takes, `attempt` returns how far the one with a peer came, `broker_is_up`
    whether calls can be made. `found` gets why a peer's link is missing, and None once it is not.
    """

    def __init__(
        self,
        carries: Carries,
        attempt: Callable[[str], Attempt],
        broker_is_up: Callable[[], bool],
        note: Callable[[str], None],
        *,
        clock: Callable[[], float],
        found: Callable[[str, str | None], None] = lambda peer, why: None,
    ) -> None:
        self._carries, self._attempt, self._broker_is_up, self._note = carries, attempt, broker_is_up, note
        self._clock, self._found = clock, found
        self._awaited: dict[str, _Awaited] = {}
        self._gone: deque[_Awaited] = deque(maxlen=MAX_GONE)

    async def run(self) -> None:
        """Look for missing links until cancelled."""
        while True:
            self.check()
            await asyncio.sleep(CHECK_EVERY_S)

    def check(self) -> None:
        """Note the links that are missing for too long by now."""
        now = self._clock()
        for peer, awaited in self._awaited.items():
            attempt = self._attempt(peer)
            if awaited.since is None:
                awaited.heard_at = max(awaited.heard_at, attempt.heard_at or 0.0)
                continue
            awaited.cause = self._cause(attempt, awaited)
            if awaited.is_due(now) and not (awaited.by_broker and attempt.state is State.IDLE):
                self._report(peer, awaited)

    def why(self, peer: str) -> str | None:
        """Return why the link with a peer is missing, once that was noted; None else."""
        awaited = self._awaited.get(peer)
        return awaited.reported if awaited is not None else None

    def shown(self, peer: str, route: str, waits: bool) -> str:
        """Return what to show behind a peer's name: why there is no speech by its `route`, or that it `waits`."""
        if waits:
            return f" ({WAITS})"
        return f" ({NO_SPEECH})" if route == "none" and self.why(peer) is not None else ""

    def never_spoken_with(self) -> list[str]:
        """Return why, for each peer that was met and with which no speech was ever exchanged for too long."""
        everybody = (*self._gone, *self._awaited.values())
        return [each.reported for each in everybody if each.reported is not None and not each.had_speech]

    def spoken_with(self) -> int:
        """Return with how many peers there was a way for speech."""
        return sum(each.had_speech for each in (*self._gone, *self._awaited.values()))

    # -- events

    def joined(self, peer: str, hello: Hello) -> None:
        """Want a link with a peer from now on, if there is speech to exchange."""
        if peer not in self._awaited and speech_in_common(self._carries, hello.carries):
            self._awaited[peer] = _Awaited(hello.name or peer, self._clock(), self._clock())

    def left(self, peer: str) -> None:
        """Keep what there was with the peer for the summary."""
        if (awaited := self._awaited.pop(peer, None)) is not None:
            self._gone.append(awaited)

    def link_up(self, peer: str) -> None:
        """Note that the link is there, if it was said to be missing."""
        if (awaited := self._awaited.get(peer)) is None:
            return
        if awaited.reported is not None:
            self._note(f"there is a speech link with {awaited.name} now")
            self._found(peer, None)
        awaited.since, awaited.was_up, awaited.reported, awaited.cause = None, True, None, UNKNOWN
        awaited.heard_at = self._clock()

    def link_ended(self, peer: str) -> None:
        """Miss the link from now on, if it was up."""
        if (awaited := self._awaited.get(peer)) is not None and awaited.since is None:
            awaited.since = self._clock()

    def route_changed(self, peer: str, route: str) -> None:
        """Take notice of the way that speech takes: "direct", "broker" or "none"."""
        if (awaited := self._awaited.get(peer)) is None:
            return
        if route == "broker" and awaited.reported is not None and not awaited.by_broker:
            self._note(f"speech with {awaited.name} goes through the broker now")
        awaited.by_broker = awaited.by_broker or route == "broker"

    def _cause(self, attempt: Attempt, awaited: _Awaited) -> str:
        if awaited.was_up:
            return LOST
        if not self._broker_is_up() and not attempt.is_under_way:
            return NO_BROKER
        return cause_of(attempt) or awaited.cause

    def _report(self, peer: str, awaited: _Awaited) -> None:
        if awaited.reported is None:
            what = "the speech link is lost with" if awaited.was_up else "there is no speech link with"
            after = BY_BROKER if awaited.by_broker else TRIES_AGAIN
            self._note(f"{what} {awaited.name}: {awaited.cause}; {after}")
        if awaited.reported != awaited.cause:
            awaited.reported = awaited.cause
            self._found(peer, awaited.cause)
