"""Which way speech takes between two nodes: directly, or through the broker. Sans-I/O; time comes in as `now`.

Both ends decide for themselves, by what both can see: what the hellos say of who talks and listens, and whether the
link is up. A node that takes another way than the other expects is heard all the same, a moment later.

- **No path.** Where no link came up within `PATIENCE_S`, or an attempt failed, speech goes through the broker. Links
  are still tried, now and then. When one comes up it takes over after a moment, by which time both ends see it.
- **A crowd.** A node that talks to two or more would send each of them a packet of its own: once to the broker costs
  less from the second listener on. Where neither of a pair needs a link any more, none is made, and one that was is
  ended.

`PeerRoutes` has the route of each peer, and says what the calls with them should do (`PeerCall.want`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from protocol.signalling.messages import Carries, Hello

__all__ = ["PUBLISH_FROM", "PeerRoutes", "RouteChanged", "RoutePolicy", "SpeechRoute", "speech_in_common"]

# Without a link for so long, speech goes through the broker: a link takes under a second, on a slow network three.
PATIENCE_S: Final = 5.0
# The broker is asked for the peer's speech so much sooner, so that nothing of its first words is missed.
EARLY_S: Final = 1.0
# By then both ends know that their link is up: a handshake's last message may have been lost once.
HANDOVER_S: Final = 1.2
# How long a room has to be a crowd before speech leaves a link that is up: others may see the newcomer later.
GATHERED_S: Final = 2.0
# So long after that the link is ended: before the peer takes the silence on it for a fault.
REST_S: Final = GATHERED_S + 2.0
# And so long the room must be none before links are made again: who left may be back at once.
DISPERSED_S: Final = 4.0
# The peer may change over later than we do.
LINGER_S: Final = 10.0
# Strangers that are to prove that they are here may make the room a crowd: no offer before that is known.
STRANGERS_S: Final = 1.0
# A packet of 106 bytes costs 150 from the IP header on by a link, and 191 by a broker (213 with TLS), whoever reads it.
PUBLISH_FROM: Final = 2


class SpeechRoute(StrEnum):
    """The way that speech takes."""

    NONE = "none"
    DIRECT = "direct"
    BROKER = "broker"


class RoutePolicy(StrEnum):
    """What a node was asked for: the better way, or one of both whatever that costs."""

    AUTO = "auto"
    DIRECT = "direct"
    BROKER = "broker"


@dataclass(frozen=True, slots=True)
class RouteChanged:
    """Send speech to this peer by `route` from now on; `listens` if what it publishes is to be heard."""

    peer: str
    route: SpeechRoute
    listens: bool


class RoutedCall(Protocol):
    """The call with a peer as `PeerRoutes` sees it (see `protocol.signalling.peer_call.PeerCall`)."""

    @property
    def is_up(self) -> bool: ...

    @property
    def has_failed(self) -> bool: ...

    @property
    def has_speech(self) -> bool: ...

    @property
    def hello(self) -> Hello: ...

    def want(self, wanted: bool, by_broker: bool, declines: bool, now: float) -> None: ...


class PeerRoute:
    """The route of one peer, which was met at `now`. `knows` says that both ends know speech through the broker."""

    def __init__(self, policy: RoutePolicy, knows: bool, now: float) -> None:
        self._policy, self._knows = policy, knows
        self._met_at = self._without_since = now
        self._up_since: float | None = None
        self._crowd_since: float | None = None
        self._dispersed_at: float | None = None
        self.route, self.listens, self.wants_link = SpeechRoute.NONE, False, False

    def update(self, is_up: bool, has_failed: bool, crowded: bool, strangers: int, now: float) -> None:
        """Take what is so now, and what is due."""
        self._note(is_up, crowded, now)
        if not self._knows:  # or there is nothing to be said
            self.route = SpeechRoute.DIRECT if is_up else SpeechRoute.NONE
            self.wants_link = self._policy is not RoutePolicy.BROKER
            return
        relayed = self._is_relayed(has_failed, now, 0.0)
        self.listens = self._is_relayed(has_failed, now, EARLY_S) or (self.listens and self._lingers(now))
        self.wants_link = self._wants_link(is_up, strangers, now)
        if relayed and not (is_up and self._policy is RoutePolicy.AUTO and self._keeps_link(now)):
            self.route = SpeechRoute.BROKER
        elif is_up and not (self.route is SpeechRoute.BROKER and now < self._handover_at):
            self.route = SpeechRoute.DIRECT
        elif not is_up and not relayed:
            self.route = SpeechRoute.NONE

    def deadlines(self, now: float) -> Iterable[float]:
        """Yield the moments at which `update` may find something else."""
        if not self._knows:
            return ()
        times = [self._met_at + STRANGERS_S, self._without_since + PATIENCE_S - EARLY_S]
        times += [self._without_since + PATIENCE_S]
        times += [self._handover_at, self._linger_until]
        if self._crowd_since is not None:
            times += [self._crowd_since + GATHERED_S, self._crowd_since + REST_S]
        if self._dispersed_at is not None:
            times.append(self._dispersed_at + DISPERSED_S)
        return (time for time in times if time > now)

    # -- what is so

    def _note(self, is_up: bool, crowded: bool, now: float) -> None:
        if is_up and self._up_since is None:
            self._up_since = now
        elif not is_up and self._up_since is not None:
            self._up_since, self._without_since = None, now
        if crowded:
            self._dispersed_at = None
            self._crowd_since = now if self._crowd_since is None else self._crowd_since
        elif self._crowd_since is not None:
            self._dispersed_at = now if self._dispersed_at is None else self._dispersed_at
            if now >= self._dispersed_at + DISPERSED_S:
                self._crowd_since, self._dispersed_at, self._without_since = None, None, now

    def _is_relayed(self, has_failed: bool, now: float, early_s: float) -> bool:
        if self._policy is RoutePolicy.BROKER or self._crowd_since is not None:
            return True
        return self._up_since is None and (
            has_failed or self.route is SpeechRoute.BROKER or now >= self._without_since + PATIENCE_S - early_s
        )

    def _keeps_link(self, now: float) -> bool:
        """Tell whether speech stays on a link that is up though the room has become a crowd."""
        return self._crowd_since is not None and now < self._crowd_since + GATHERED_S

    @property
    def _handover_at(self) -> float:
        return float("-inf") if self._up_since is None else self._up_since + HANDOVER_S

    @property
    def _linger_until(self) -> float:
        return float("-inf") if self._up_since is None else self._up_since + LINGER_S

    def _lingers(self, now: float) -> bool:
        return now < self._linger_until

    def _wants_link(self, is_up: bool, strangers: int, now: float) -> bool:
        if self._policy is RoutePolicy.BROKER:
            return False
        if self._crowd_since is not None:
            return is_up and now < self._crowd_since + REST_S
        return self.wants_link or not strangers or now >= self._met_at + STRANGERS_S


class PeerRoutes:
    """The routes of one node that carries `ours`, with all peers. `policy` is what it was asked for."""

    def __init__(self, ours: Carries, policy: RoutePolicy = RoutePolicy.AUTO) -> None:
        self.policy = policy
        self._ours = ours
        self._routes: dict[str, tuple[RoutedCall, PeerRoute]] = {}
        self._deadline: float | None = None

    def deadline(self) -> float | None:
        """Return when `update` is due, or None."""
        return self._deadline

    def goes_by_link(self, peer: str) -> bool:
        """Tell whether speech to the peer goes by the link with it."""
        return peer in self._routes and self._routes[peer][1].route is SpeechRoute.DIRECT

    def listens(self, peer: str) -> bool:
        """Tell whether the peer's speech is to be heard at the broker."""
        return peer in self._routes and self._routes[peer][1].listens

    def update(self, calls: Mapping[str, RoutedCall], strangers: int, now: float) -> list[RouteChanged]:
        """Have each call do what its route asks for, and return what has changed.

        `strangers` is the number of those who may be here, which is not known yet.
        """
        for gone in self._routes.keys() - calls.keys():
            del self._routes[gone]
        members = {peer: call.hello.carries for peer, call in calls.items()}
        changed = [
            change for peer, call in calls.items() if (change := self._follow(peer, call, members, strangers, now))
        ]
        times = [time for _, route in self._routes.values() for time in route.deadlines(now)]
        self._deadline = min(times, default=None)
        return changed

    def _follow(
        self, peer: str, call: RoutedCall, members: Mapping[str, Carries], strangers: int, now: float
    ) -> RouteChanged | None:
        knows = call.has_speech and Carries.BROKER_SPEECH_IN in self._ours & call.hello.carries
        known, route = self._routes.get(peer, (None, None))
        if route is None or known is not call:  # met now, or come again
            route = PeerRoute(self.policy, knows, now)
            self._routes[peer] = call, route
        before = route.route, route.listens
        crowded = knows and is_crowded(self._ours, members, peer)
        route.update(call.is_up, call.has_failed, crowded, strangers, now)
        call.want(route.wants_link, route.route is SpeechRoute.BROKER, self.policy is RoutePolicy.BROKER, now)
        if (route.route, route.listens) == before:
            return None
        return RouteChanged(peer, route.route, route.listens)


def speech_in_common(ours: Carries, theirs: Carries) -> bool:
    """Tell whether one of two nodes sends speech that the other takes."""
    there = Carries.SPEECH_OUT in ours and Carries.SPEECH_IN in theirs
    back = Carries.SPEECH_OUT in theirs and Carries.SPEECH_IN in ours
    return there or back


def is_crowded(ours: Carries, members: Mapping[str, Carries], peer: str) -> bool:
    """Tell whether we and the peer need no link: each publishes its speech, or has none for the other."""
    theirs = members[peer]
    others = [carries for member, carries in members.items() if member != peer]
    return _needs_no_link(ours, theirs, others) and _needs_no_link(theirs, ours, others)


def _needs_no_link(sender: Carries, listener: Carries, others: Collection[Carries]) -> bool:
    if Carries.SPEECH_OUT not in sender or Carries.SPEECH_IN not in listener:
        return True
    takes = Carries.SPEECH_IN | Carries.BROKER_SPEECH_IN
    return sum(takes in carries for carries in (listener, *others)) >= PUBLISH_FROM
