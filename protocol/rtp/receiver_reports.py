"""RTCP reports worth their bytes (RFC 3550, section 6.4): when to send one, and its content.

aiortc reports every second, sender and receiver each in a packet of their own: 1.5 kbit/s. Here both share one packet
every five seconds: 0.18 kbit/s. A peer that needs to know sooner, because it tries another rate, sends its own report
every second, and is answered; and a node that loses packets or sees them delayed reports within two.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from protocol.rtp.sequence import unwrap
from protocol.speech.opus_packet import OPUS_RATE, SAMPLES_PER_MS

__all__ = ["EVERY_S", "MAX_PACKETS", "MAX_SENT", "Report", "ReportBlock", "Reporting"]

# Between two reports, and between two while a change waits for the peer's view.
EVERY_S = 5.0
EAGER_S = 1.0
# A peer whose reports come closer than this wants answers.
EAGER_PEER_S = 3.0
# Between two reports of trouble: of losses, or of this much jitter, which a queue that grows by 80 ms a second makes of
# 120 ms packets.
TROUBLE_S = 2.0
TROUBLE_JITTER_MS = 10.0
# aiortc asks every 0.5 to 1.5 s whether a report is due: the nearest of its moments is taken.
EARLY_S = 0.25
# Reports of ours that may still be answered.
MAX_SENT = 16
# Packets of ours that may be under way: 10 s of the shortest.
MAX_PACKETS = 512
# Of the peer's packets: 20 s of the shortest.
MAX_TRANSITS = 1024
# Clocks that are 200 ppm apart part by no more than 12 ms in that time.
FASTEST_OF_S = 60.0
# A peer that has sent nothing for longer fills no queue.
RECENT_S = 2.0

# Parts of a second in LSR and DLSR.
_UNIT = 65_536
_SEQUENCE_BITS, _TIMESTAMP_BITS = 16, 32


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one end received of the other's packets (RFC 3550, section 6.4.1).

    `jitter` is in 48 kHz samples, `lsr` the middle 32 bits of the NTP stamp of the last sender report, and `dlsr` how
    long ago it came, in units of 1/65,536 s.
    """

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    lsr: int
    dlsr: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a peer received of our packets: those due and those lost since its last report, and how they came.

    `round_trip_s` is None when the report answers none of ours. `outstanding_s` is how long ago the first packet was
    sent that the peer does not know of yet, 0 if it knows of all, None if that is not known: what a queue before a slow
    link makes longer, seconds before round trips show it. `behind_s` is how much later than its fastest the peer's
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

    `eager` is set from outside while a change waits for the peer's view.
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
        self._blocks: list[ReportBlock] = []
        self._blocks_at = 0.0
        self._end = 0
        self._reported: dict[int, tuple[int, int]] = {}
        self._peer_block: tuple[int, int] | None = None

    # -- when

    def report_is_due(self, now: float) -> bool:
        """Tell whether our own report, as a sender, is to leave now."""
        return now - self._reported_at >= (EAGER_S if self.eager else EVERY_S) - EARLY_S

    def answer_is_due(self, now: float) -> bool:
        """Tell whether to report what we received before our next report: the peer waits for it, or it is bad news."""
        return self._is_wanted(now) and not self.report_is_due(now)

    def receiver_report_is_due(self, now: float) -> bool:
        """Tell the same for a node that only receives, and has no report of its own as a sender."""
        return self._is_wanted(now) or now - self._answered_at >= EVERY_S - EARLY_S

    def _is_wanted(self, now: float) -> bool:
        if self._peer_is_eager and self._peer_reported_at > self._answered_at:
            return now - self._answered_at >= EAGER_S - EARLY_S
        return self._in_trouble() and now - self._answered_at >= TROUBLE_S - EARLY_S

    # -- what we report

    def report_sent(self, stamp: int, now: float) -> None:
        """Note that our report with this NTP stamp (the middle 32 bits) leaves."""
        self._reported_at = now
        self._sent[stamp] = now
        while len(self._sent) > MAX_SENT:
            del self._sent[next(iter(self._sent))]

    def update_blocks(self, blocks: list[ReportBlock], now: float) -> None:
        """Take what there is to report of the packets received, for later."""
        self._blocks, self._blocks_at = blocks, now

    def packet_received(self, sequence: int, end: int, now: float) -> None:
        """Note a packet of the peer's: our next report includes it, even if the blocks are older.

        `end` is the timestamp at which its sound ends.
        """
        if self._newest is None or _ahead(sequence, self._newest) > 0:
            self._newest = sequence
            self._transits.append((now, now - self._peer_time(end)))
            while now - self._transits[0][0] > FASTEST_OF_S:
                self._transits.popleft()

    def _peer_time(self, end: int) -> float:
        """Return the seconds of the peer's timestamps, which go on over their wrap."""
        self._end = unwrap(end, _TIMESTAMP_BITS, near=self._end)
        return self._end / OPUS_RATE

    def _behind_s(self, now: float) -> float:
        if not self._transits or now - self._transits[-1][0] > RECENT_S:
            return 0.0
        return self._transits[-1][1] - min(transit for _, transit in self._transits)

    def blocks(self, now: float) -> list[ReportBlock]:
        """Return what to report of the packets received, as of now, and count it as reported."""
        self._answered_at = now
        waited = round((now - self._blocks_at) * _UNIT)
        reported = [
            replace(block, fraction_lost=self._fraction_lost(block), dlsr=block.dlsr + waited if block.lsr else 0)
            for block in map(self._up_to_date, self._blocks)
        ]
        self._reported = {block.ssrc: (block.packets_lost, block.highest_sequence) for block in reported}
        return reported

    def _up_to_date(self, block: ReportBlock) -> ReportBlock:
        if self._newest is None or _ahead(self._newest, block.highest_sequence) <= 0:
            return block
        return replace(block, highest_sequence=self._newest)

    # -- what the peer reports

    def packet_sent(self, sequence: int, now: float) -> None:
        """Note that a packet of ours leaves."""
        self._under_way.append((sequence, now))

    def sender_report_received(self, now: float) -> None:
        """Note a report of the peer's as a sender."""
        self._peer_is_eager = now - self._peer_reported_at < EAGER_PEER_S
        self._peer_reported_at = now

    def read_block(self, block: ReportBlock, now: float) -> Report:
        """Return what the peer's block of our packets means."""
        before = self._peer_block or (block.packets_lost, block.highest_sequence)
        self._peer_block = (block.packets_lost, block.highest_sequence)
        sent_at = self._sent.get(block.lsr)
        round_trip = None if sent_at is None else max(0.0, now - sent_at - block.dlsr / _UNIT)
        return Report(
            expected=max(0, _ahead(block.highest_sequence, before[1])),
            lost=max(0, block.packets_lost - before[0]),
            jitter_ms=block.jitter / SAMPLES_PER_MS,
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
            block.packets_lost > self._reported.get(block.ssrc, (0, 0))[0]
            or block.jitter / SAMPLES_PER_MS > TROUBLE_JITTER_MS
            for block in self._blocks
        )

    def _fraction_lost(self, block: ReportBlock) -> int:
        """Return the fraction as in RFC 3550, appendix A.3, over the time since it was reported last."""
        lost_before, highest_before = self._reported.get(block.ssrc, (0, block.highest_sequence))
        expected, lost = _ahead(block.highest_sequence, highest_before), block.packets_lost - lost_before
        return min(255, (lost << 8) // expected) if expected > 0 and lost > 0 else 0


def _ahead(sequence: int, before: int) -> int:
    """Return how far a sequence number went on; backwards is negative."""
    return unwrap(sequence - before, _SEQUENCE_BITS, near=0)
