"""What RTCP is worth its bytes: when to report, and what a report says.

aiortc reports every second, sender and receiver each in a packet of their own: 1.5 kbit/s. Here both share one packet
(RFC 3550, section 6.4), every five seconds: 0.18 kbit/s. A peer who wants to know sooner, because he tries another
rate, reports every second himself, and is answered; and who loses packets or sees them delayed says so within two.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from protocol.rtp.sequence import unwrap

if TYPE_CHECKING:
    from aiortc.rtp import RtcpReceiverInfo as Block

EVERY_S = 5.0
EAGER_S = 1.0
EAGER_PEER_S = 3.0  # a peer whose reports come closer than this wants answers
TROUBLE_S = 2.0
TROUBLE_JITTER_MS = 10.0  # a queue that grows by 80 ms a second makes this much of 120 ms packets
EARLY_S = 0.25  # aiortc asks every 0.5 to 1.5 s whether a report is due: the nearest of its moments is taken
MAX_SENT = 16  # reports of ours that may still be answered
MAX_PACKETS = 512  # of ours that may be under way: 10 s of the shortest
MAX_TRANSITS = 1024  # of the peer's packets: 20 s of the shortest
FASTEST_OF_S = 60.0  # clocks that are 200 ppm apart part by no more than 12 ms in that time
RECENT_S = 2.0  # a peer that has sent nothing for longer fills no queue
RTP_PER_MS = 48
_UNIT = 65_536  # parts of a second in LSR and DLSR


@dataclass(frozen=True, slots=True)
class Report:
    """What a peer says of our packets: those due and those lost since its last report, and how they came.

    `round_trip_s` is None when the report answers none of ours. `outstanding_s` is how long ago the first packet was
    sent that the peer does not know of yet, 0 if it knows of all, None if that is not known: what a queue before a slow
    link makes longer, seconds before round trips tell of it. `behind_s` is how much later than its fastest the peer's
    latest packet came to us: the queue on the way back, which is in both of the others and no fault of ours.
    """

    expected: int
    lost: int
    jitter_ms: float
    round_trip_s: float | None
    outstanding_s: float | None = None
    behind_s: float = 0.0


class Reporting:
    """Both ends' reports of one link. Times are on one clock, in seconds.

    `eager` is set from outside while somebody waits for the peer's view.
    """

    def __init__(self) -> None:
        self.eager = False
        self._reported_at = float("-inf")
        self._answered_at = float("-inf")
        self._peer_reported_at = float("-inf")
        self._peer_is_eager = False
        self._sent: dict[int, float] = {}
        self._under_way: deque[tuple[int, float]] = deque(maxlen=MAX_PACKETS)
        self._newest: int | None = None
        self._transits: deque[tuple[float, float]] = deque(maxlen=MAX_TRANSITS)
        self._blocks: list[Block] = []
        self._blocks_at = 0.0
        self._end = 0
        self._told: dict[int, tuple[int, int]] = {}
        self._heard: tuple[int, int] | None = None

    # -- when

    def report_is_due(self, now: float) -> bool:
        """Tell whether our own report, as a sender, is to leave now."""
        return now - self._reported_at >= (EAGER_S if self.eager else EVERY_S) - EARLY_S

    def answer_is_due(self, now: float) -> bool:
        """Tell whether to say what we received before our next report: the peer waits for it, or it is bad news."""
        return self._is_wanted(now) and not self.report_is_due(now)

    def overdue(self, now: float) -> bool:
        """The same for one who only receives, and has no report of his own."""
        return self._is_wanted(now) or now - self._answered_at >= EVERY_S - EARLY_S

    def _is_wanted(self, now: float) -> bool:
        if self._peer_is_eager and self._peer_reported_at > self._answered_at:
            return now - self._answered_at >= EAGER_S - EARLY_S
        return self._in_trouble() and now - self._answered_at >= TROUBLE_S - EARLY_S

    # -- what we say

    def reported(self, stamp: int, now: float) -> None:
        """Our report with this NTP stamp (the middle 32 bits) leaves."""
        self._reported_at = now
        self._sent[stamp] = now
        while len(self._sent) > MAX_SENT:
            del self._sent[next(iter(self._sent))]

    def keep(self, blocks: list[Block], now: float) -> None:
        """Take what aiortc would have said of the packets received, to be said later."""
        self._blocks, self._blocks_at = blocks, now

    def came(self, sequence: int, end: int, now: float) -> None:
        """A packet of the peer's came: our next report is to know of it, even if aiortc said what it knew before.

        `end` is the timestamp at which its sound ends.
        """
        if self._newest is None or _ahead(sequence, self._newest) > 0:
            self._newest = sequence
            self._transits.append((now, now - self._peer_time(end)))
            while now - self._transits[0][0] > FASTEST_OF_S:
                self._transits.popleft()

    def _peer_time(self, end: int) -> float:
        """The seconds of the peer's timestamps, which go on over their wrap."""
        self._end = unwrap(end, 32, near=self._end)
        return self._end / (RTP_PER_MS * 1000)

    def _behind_s(self, now: float) -> float:
        if not self._transits or now - self._transits[-1][0] > RECENT_S:
            return 0.0
        return self._transits[-1][1] - min(transit for _, transit in self._transits)

    def blocks(self, now: float) -> list[Block]:
        """Return what to say of the packets received, as of now, and count it as said."""
        self._answered_at = now
        waited = round((now - self._blocks_at) * _UNIT)
        said = [
            replace(block, fraction_lost=self._fraction_lost(block), dlsr=block.dlsr + waited if block.lsr else 0)
            for block in map(self._up_to_date, self._blocks)
        ]
        self._told = {block.ssrc: (block.packets_lost, block.highest_sequence) for block in said}
        return said

    def _up_to_date(self, block: Block) -> Block:
        if self._newest is None or _ahead(self._newest, block.highest_sequence) <= 0:
            return block
        return replace(block, highest_sequence=self._newest)

    # -- what the peer says

    def sent(self, sequence: int, now: float) -> None:
        """A packet of ours left."""
        self._under_way.append((sequence, now))

    def peer_reported(self, now: float) -> None:
        """A sender's report of the peer came."""
        self._peer_is_eager = now - self._peer_reported_at < EAGER_PEER_S
        self._peer_reported_at = now

    def hear(self, block: Block, now: float) -> Report:
        """Read what the peer says of our packets."""
        before = self._heard or (block.packets_lost, block.highest_sequence)
        self._heard = (block.packets_lost, block.highest_sequence)
        sent_at = self._sent.get(block.lsr)
        round_trip = None if sent_at is None else max(0.0, now - sent_at - block.dlsr / _UNIT)
        return Report(
            expected=max(0, _ahead(block.highest_sequence, before[1])),
            lost=max(0, block.packets_lost - before[0]),
            jitter_ms=block.jitter / RTP_PER_MS,
            round_trip_s=round_trip,
            outstanding_s=self._outstanding_s(block.highest_sequence, now),
            behind_s=self._behind_s(now),
        )

    def _outstanding_s(self, highest: int, now: float) -> float:
        while self._under_way and _ahead(highest, self._under_way[0][0]) >= 0:
            self._under_way.popleft()
        return now - self._under_way[0][1] if self._under_way else 0.0

    def _in_trouble(self) -> bool:
        return any(
            block.packets_lost > self._told.get(block.ssrc, (0, 0))[0] or block.jitter / RTP_PER_MS > TROUBLE_JITTER_MS
            for block in self._blocks
        )

    def _fraction_lost(self, block: Block) -> int:
        """RFC 3550, appendix A.3, over the time since we said it last, which aiortc does not know."""
        lost_before, highest_before = self._told.get(block.ssrc, (0, block.highest_sequence))
        expected, lost = _ahead(block.highest_sequence, highest_before), block.packets_lost - lost_before
        return min(255, (lost << 8) // expected) if expected > 0 and lost > 0 else 0


def _ahead(sequence: int, before: int) -> int:
    """How far a sequence number went on; backwards is negative."""
    return unwrap(sequence - before, 16, near=0)
