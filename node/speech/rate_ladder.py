"""Which profile a link carries: loss, round trip and its trend, as the peers report them, move a call step by step.

The ladder goes from the least rate to the most. A step down is quick: a queue that does not drain is audible within
seconds. A step up is a trial, made when the link was clean during speech; if it fails, that step is barred for
ten minutes, and for twice as long each time after, so that a steady link is left in peace. Loss without a queue is the
link's own: it is answered by redundancy where the limit allows it, not by a lower rate.

Pure: reports and times in, a profile out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from node.speech.profiles import CLEAR, LEAN, LOWEST, RICH, TEXT, Profile
from node.speech.rates import wire_kbps
from protocol.rtp.receiver_reports import Report

LADDER = (LOWEST, LEAN, CLEAR, RICH)

# Where speech is written as well: words go where not even `lowest` does.
LADDER_WITH_TEXT = (TEXT, *LADDER)

# How long a step is given before it is judged: the reports before it speak of the step before.
SETTLE_S = 1.6

# The same after a step down: the queue that was made, here and on the way back, is to drain first.
DRAIN_FIRST_S = 3.5

# So long a link must be clean, during speech, before more is tried.
CLEAN_S = 2.0

# A round trip this much longer than the shortest is a queue. Less is a busy machine.
QUEUE_S = 0.10

# A trial that brings such a queue or such loss at once is over at once.
FLOODED_S, FLOODED_LOSS = 0.2, 0.3

# Only with a queue shorter than this is more tried: a step that is a little too much fills it slowly.
CALM_S = 0.05

# A queue longer by this, and so long after a step down, still grows: what was stepped down to is too much as well.
RISEN_S, RISES_AFTER_S = 0.3, 1.0

# A queue shorter by this than one before it drains; less is chance.
FALL_S = 0.03

# So uncertain is the age of what a peer does not know of: packets leave that far apart, and one may be lost.
PACKET_S = 0.12

BARRED_S = 600.0
MAX_BARRED_S = 4 * 3600.0

# A step that was clean for so long is one the link carries, or did.
PROVEN_S = 10.0

# How long such a step is left when a queue is there all the same: a trial of more left it, or the link slowed.
DRAIN_S = 20.0

# Redundancy comes at the one share of lost packets, and goes at the other.
LOSSY, CLEAN_OF_LOSS = 0.03, 0.01

# One packet lost of eight is no rate: so many make one.
LOSS_WINDOW_S = 6.0
LEAST_PACKETS = 20

# Redundancy that was needed stays for so long after the last loss.
CLEAN_OF_LOSS_S = 30.0

# The shortest round trip is that of the last minutes: paths change.
BASELINE_S = 300.0


@dataclass
class _Link:
    """The measurements of the link to one peer."""

    packets: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=64))
    trips: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=512))
    # Queues towards the peer, by report.
    queues: deque[float] = field(default_factory=lambda: deque(maxlen=3))
    # The queue in the other direction.
    behind_s: float = 0.0
    # The queue by the latest report alone.
    newest_s: float = 0.0

    def note(self, report: Report, now: float) -> None:
        self.packets.append((now, report.expected, report.lost))
        if report.round_trip_s is not None:
            self.trips.append((now, report.round_trip_s))
        while self.trips and now - self.trips[0][0] > BASELINE_S:
            self.trips.popleft()
        self.behind_s = report.behind_s
        if self.trips:
            self._note_queue(report)

    def _note_queue(self, report: Report) -> None:
        """Note the queue. A packet lost last looks like one until the next one is known of: two reports must agree."""
        shortest_s = min(trip for _, trip in self.trips)
        if report.outstanding_s is None:
            self.newest_s = max(0.0, self.trips[-1][1] - shortest_s - self.behind_s)
            self.queues.append(self.newest_s)
        else:
            before_s = self.newest_s
            self.newest_s = max(0.0, report.outstanding_s - shortest_s - self.behind_s - PACKET_S)
            self.queues.append(min(before_s, self.newest_s))

    def loss(self, now: float) -> float:
        """Return the share lost in the last seconds; 0 as long as there are too few packets for a rate."""
        recent = [(due, lost) for at, due, lost in self.packets if now - at <= LOSS_WINDOW_S]
        due, lost = sum(one for one, _ in recent), sum(one for _, one in recent)
        return lost / due if due >= LEAST_PACKETS else 0.0

    def queue_s(self) -> float:
        """Return how long packets surely wait towards the peer."""
        return self.queues[-1] if self.queues else 0.0

    def is_draining(self) -> bool:
        """Tell whether the queue is shorter than it was a report or two ago: the present step is not too much."""
        *before, latest = self.queues
        return any(latest < one - FALL_S for one in before)


def _always() -> bool:
    return True


class ProfileLadder:
    """Chooses among a ladder of profiles, none of which takes more than `max_kbps` on the wire.

    `takes_copies` tells whether any peer can use redundancy: without one, no rate is given up for it.
    """

    def __init__(
        self,
        max_kbps: float,
        now: float,
        ladder: Sequence[Profile] = LADDER,
        takes_copies: Callable[[], bool] = _always,
    ) -> None:
        self._takes_copies = takes_copies
        narrowest = [replace(one, high_band=False) for one in ladder]
        fitting = [one for one, least in zip(ladder, narrowest, strict=True) if wire_kbps(least) <= max_kbps]
        self._ladder = fitting or [min(ladder, key=wire_kbps)]
        self._max_kbps = max_kbps
        self._step = self._ladder.index(LEAN) if LEAN in self._ladder else len(self._ladder) - 1
        self._redundancy = 0
        self._changed_at, self._settle_s = now, SETTLE_S
        self._queued_at_change = 0.0
        self._clean_since: float | None = None
        self._lost_at = float("-inf")
        self._barred_until = [float("-inf")] * len(self._ladder)
        self._failures = [0] * len(self._ladder)
        self._tried = False  # the last move was a step up
        self._proven = [False] * len(self._ladder)
        self._copies_barred_until = float("-inf")
        self._links: dict[str, _Link] = {}

    @property
    def profile(self) -> Profile:
        """The profile to send by."""
        return self._at(self._step, self._redundancy)

    def is_trying(self, now: float) -> bool:
        """Tell whether reports are wanted every second: something may change soon."""
        more = self._next_up(now) is not None
        less = self._clean_since is None and (self._step > 0 or self._redundancy > 0)
        return more or less or now - self._changed_at < 2 * SETTLE_S

    def report(self, peer: str, report: Report, now: float) -> Profile:
        """Take a peer's report of our packets, and return the profile to send by."""
        link = self._links.setdefault(peer, _Link())
        link.note(report, now)
        if self._tried and now - self._changed_at < PROVEN_S and _is_too_much(report, link):
            self._clean_since = None
            self._step_down(now)
        elif self._still_grows(link, now):
            self._step_down(now)
        elif now - self._changed_at >= self._settle_s and (report.expected or self.profile.text_only):
            self._judge(now)
        return self.profile

    def forget(self, peer: str) -> None:
        """Forget a link that has ended: it limits the others no more."""
        self._links.pop(peer, None)

    def _still_grows(self, link: _Link, now: float) -> bool:
        """Tell whether a queue grew on after a step down, which need not be seen twice."""
        since = now - self._changed_at
        stepped_down = self._settle_s == DRAIN_FIRST_S and RISES_AFTER_S <= since < DRAIN_FIRST_S
        return stepped_down and link.newest_s > self._queued_at_change + RISEN_S

    def _judge(self, now: float) -> None:
        """Judge the present step by the worst link: all peers get the same."""
        links = self._links.values()
        loss = max(link.loss(now) for link in links)
        queued = [link for link in links if link.queue_s() > QUEUE_S]
        self._lost_at = now if loss > CLEAN_OF_LOSS else self._lost_at
        if not queued and loss <= LOSSY:
            if max(max(link.queue_s(), link.behind_s) for link in links) > CALM_S:
                self._clean_since = None
            else:
                self._improve(now)
            return
        self._clean_since = None
        for link in queued:
            link.packets.clear()  # what a full queue drops says nothing about the link's own loss
        if not queued:
            self._protect(now)
        elif not all(link.is_draining() for link in queued):
            self._step_down(now)

    def _step_down(self, now: float) -> None:
        """Take back what was tried last: the redundancy, then the rate."""
        if self._redundancy:
            self._copies_barred_until = now + BARRED_S
            self._move(now, self._step, 0)
        elif self._step:
            self._bar(self._step, now)
            self._move(now, self._step - 1, 0)

    def _move(self, now: float, step: int, redundancy: int) -> None:
        self._tried = step > self._step
        self._settle_s = DRAIN_FIRST_S if (step, redundancy) < (self._step, self._redundancy) else SETTLE_S
        self._step, self._redundancy, self._changed_at = step, redundancy, now
        self._queued_at_change = max((link.newest_s for link in self._links.values()), default=0.0)
        for link in self._links.values():
            link.packets.clear()

    def _bar(self, step: int, now: float) -> None:
        length = min(BARRED_S * 2.0 ** self._failures[step], MAX_BARRED_S)
        if self._proven[step]:
            length, self._proven[step] = DRAIN_S, False
        else:
            self._failures[step] += 1
        for higher in range(step, len(self._ladder)):
            self._barred_until[higher] = max(self._barred_until[higher], now + length)

    def _protect(self, now: float) -> None:
        """Add copies for what is lost, with the best profile that leaves room for them."""
        if self._redundancy or now < self._copies_barred_until or not self._takes_copies():
            return
        for step in range(self._step, -1, -1):
            if not self._ladder[step].text_only and wire_kbps(self._at(step, 1)) <= self._max_kbps:
                self._move(now, step, 1)
                return

    def _improve(self, now: float) -> None:
        self._clean_since = now if self._clean_since is None else self._clean_since
        self._proven[self._step] |= now - max(self._clean_since, self._changed_at) >= PROVEN_S
        if self._redundancy and now - self._lost_at >= CLEAN_OF_LOSS_S:
            self._move(now, self._step, 0)
        elif now - max(self._clean_since, self._changed_at) >= CLEAN_S and (step := self._next_up(now)) is not None:
            self._proven[self._step] = True
            self._move(now, step, self._redundancy)

    def _next_up(self, now: float) -> int | None:
        step = self._step + 1
        if step >= len(self._ladder) or now < self._barred_until[step]:
            return None
        return step if wire_kbps(self._at(step, self._redundancy)) <= self._max_kbps else None

    def _at(self, step: int, redundancy: int) -> Profile:
        """Return a step's profile; its high band is given up where it does not fit beside the rest."""
        chosen = replace(self._ladder[step], redundancy=redundancy)
        return chosen if wire_kbps(chosen) <= self._max_kbps else replace(chosen, high_band=False)


def _is_too_much(report: Report, link: _Link) -> bool:
    """Tell whether a report shows a flood, which a trial must not wait to see twice."""
    return report.lost > FLOODED_LOSS * report.expected > 0 or link.newest_s > FLOODED_S
