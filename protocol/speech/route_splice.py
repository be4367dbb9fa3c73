"""One peer's packets from several ways, as one stream: numbered on, each sound once.

Two ways number their packets apart, but stamp them by one clock, that of the sender's stream. The numbers of the way in
use are kept but for an offset; when a newer packet comes by another way, the stream goes on there. What still comes by
the way before gets the number that its time asks for, as long as it can be of use; what came already is left out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from protocol.errors import PacketError
from protocol.rtp.sequence import unwrap
from protocol.speech import opus_packet
from protocol.speech.opus_packet import SAMPLES_PER_MS

__all__ = ["RouteSplice"]

# Timestamps that are remembered to have come: half a minute of the longest packets, 5 s of the shortest.
REMEMBERED = 256
# Packets of another way that lie further apart in time than this do not fill a gap: there was a pause.
NEAR_MS = 1_000
# No way delays a packet for longer. What seems to lie further back is later by most of a wrap, as after half a day of
# silence, or is of another clock: after days the broker's time begins anew (`protocol.speech_sealing`).
MOST_LATE_MS = 60_000
# A packet whose length is not known is taken for one of the usual ones.
USUAL_MS = 120.0

_SEQUENCES, _TIMESTAMP_BITS = 1 << 16, 32


class RouteSplice:
    """The numbering of one stream. A way is whatever tells it from others: a link, or the broker."""

    def __init__(self) -> None:
        self._way: Hashable = None
        self._offset = 0
        self._newest: tuple[int, int, float] | None = None  # number, timestamp and length of the newest packet
        self._seen: OrderedDict[int, None] = OrderedDict()

    def number(self, way: Hashable, sequence: int, timestamp: int, packet: bytes) -> int | None:
        """Return the packet's number in the stream (16 bits); None if its sound came by another way."""
        if self._newest is None:
            self._way = way
        number = self._number(way, sequence, timestamp)
        if number is not None:
            self._note(number, timestamp, packet)
        return number

    def _number(self, way: Hashable, sequence: int, timestamp: int) -> int | None:
        if way == self._way:
            return (sequence + self._offset) % _SEQUENCES
        assert self._newest is not None
        if timestamp in self._seen:
            return None
        newest, at, packet_ms = self._newest
        apart_ms = _apart_ms(timestamp, at)
        if apart_ms < -NEAR_MS:
            return None
        number = newest + (round(apart_ms / packet_ms) if apart_ms <= NEAR_MS else 1)
        if apart_ms > 0:
            number = max(number, newest + 1)
            self._way, self._offset = way, number - sequence
        return number % _SEQUENCES

    def _note(self, number: int, timestamp: int, packet: bytes) -> None:
        self._seen[timestamp] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        if self._newest is None or _apart_ms(timestamp, self._newest[1]) > 0:
            self._newest = number, timestamp, _length_ms(packet)


def _apart_ms(timestamp: int, before: int) -> float:
    """Return how much later a timestamp is than the newest one before it; what came late is earlier."""
    middle = (1 << _TIMESTAMP_BITS - 1) - MOST_LATE_MS * SAMPLES_PER_MS  # of what it may be, from the latest on
    return unwrap(timestamp - before, _TIMESTAMP_BITS, near=middle) / SAMPLES_PER_MS


def _length_ms(packet: bytes) -> float:
    try:
        return opus_packet.duration_ms(packet) or USUAL_MS
    except PacketError:
        return USUAL_MS
