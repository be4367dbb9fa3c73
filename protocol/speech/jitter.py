"""Transit times of packets, and how long speech must therefore wait before it is played.

Only differences are known, since the two clocks are not: the *transit* of a packet is its arrival on our
clock minus its timestamp on the sender's, and the fastest packet of the last seconds is the *baseline*. The
delay of any moment is counted from there. The target delay is what all but the latest few packets needed: it
rises with the first late packet and falls when that packet is history. A drift of the clocks moves the
baseline along. While packets bring copies of earlier ones, the target is as much longer as the oldest copies
come late: else they would come for nothing.
"""

from __future__ import annotations

from collections import deque

from protocol.speech.opus_packet import SAMPLES_PER_MS

__all__ = ["MAX_BROKER_TARGET_MS", "MAX_TARGET_MS", "MIN_TARGET_MS", "Arrivals", "transit_ms"]

# What an event loop and a sound card need between them even when the network needs nothing.
MIN_TARGET_MS = 30.0
# Beyond this, waiting disturbs a conversation more than a concealed packet does. Copies are waited for on top.
MAX_TARGET_MS = 240.0
# The same for speech through a broker: where one segment is lost, all that is said until it comes again waits for it.
MAX_BROKER_TARGET_MS = 600.0
# A packet that is as late as the latest before it still has to be decoded in time.
MARGIN_MS = 5.0
# One spike is paid for with this much time of longer delay.
HISTORY_MS = 10_000.0
# Ten seconds of 20 ms packets; an upper bound on memory for shorter ones.
MAX_HISTORY = 512
# The share of packets that may come too late.
LATE_SHARE = 0.01
# Copies are waited for until so many packets have come without: two seconds of 120 ms packets, silences not counted.
COPIES_PACKETS = 16
# So many packets in a row beyond the maximum are no spike: the path has become longer.
STEP_PACKETS = 4
# A packet this far off the baseline belongs to no stream that we know.
MAX_STEP_MS = 2_000.0


class Arrivals:
    """Statistics of a stream's arrivals. Times are in ms; timestamps are unwrapped, in 48 kHz samples."""

    def __init__(self, timestamp: int, now_ms: float) -> None:
        self.jitter_ms = 0.0
        self.target_ms = MIN_TARGET_MS
        self.longest_target_ms = MAX_TARGET_MS
        self.baseline_ms = transit_ms(timestamp, now_ms)
        self._latest = self.baseline_ms
        self._history: deque[tuple[float, float]] = deque(maxlen=MAX_HISTORY)
        self._copies: deque[float] = deque(maxlen=COPIES_PACKETS)

    def is_related(self, timestamp: int, now_ms: float) -> bool:
        """Tell whether a packet with this timestamp could come now, if it were of this stream."""
        return abs(self.delay_ms(timestamp, now_ms)) <= MAX_STEP_MS

    def delay_ms(self, timestamp: int, now_ms: float) -> float:
        """Return how much later than with the fastest transit this timestamp's moment is."""
        return transit_ms(timestamp, now_ms) - self.baseline_ms

    def receive(self, timestamp: int, now_ms: float, copies_ms: float = 0.0) -> None:
        """Note the arrival of a packet and how much older than itself the oldest copy is that it brought.

        `jitter_ms` is RFC 3550's interarrival jitter.
        """
        transit = transit_ms(timestamp, now_ms)
        self.jitter_ms += (abs(transit - self._latest) - self.jitter_ms) / 16
        self._latest = transit
        self._copies.append(copies_ms)
        self._need(timestamp, now_ms)

    @property
    def copies_ms(self) -> float:
        """How much longer playing waits for the sake of copies."""
        return max(self._copies, default=0.0)

    def waited(self, timestamp: int, now_ms: float) -> None:
        """Note that playout waited until now for this timestamp: with so much more delay, it would not have.

        If it came in a copy that was on time, playing has yet to slow down to the target, which is late enough.
        """
        on_time_ms = now_ms - self.copies_ms
        if self.delay_ms(timestamp, on_time_ms) > 0:
            self._need(timestamp, on_time_ms)

    def _need(self, timestamp: int, now_ms: float) -> None:
        """Note that this timestamp could not be played before now, copies apart."""
        history = self._history
        history.append((now_ms, transit_ms(timestamp, now_ms)))
        while now_ms - history[0][0] > HISTORY_MS:
            history.popleft()
        self._forget_shorter_path()
        transits = sorted(transit for _, transit in history)
        self.baseline_ms = transits[0]
        spread = transits[-1 - int(len(transits) * LATE_SHARE)] - self.baseline_ms
        self.target_ms = min(max(spread + MARGIN_MS, MIN_TARGET_MS), self.longest_target_ms) + self.copies_ms

    def _forget_shorter_path(self) -> None:
        newest = list(self._history)[-STEP_PACKETS:]
        shortest = min(transit for _, transit in newest)
        if len(newest) == STEP_PACKETS and shortest > self.baseline_ms + self.longest_target_ms:
            self._history.clear()
            self._history.extend(newest)


def transit_ms(timestamp: int, now_ms: float) -> float:
    """Return how far our clock is ahead of the sender's timestamp."""
    return now_ms - timestamp / SAMPLES_PER_MS
