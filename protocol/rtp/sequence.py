"""RTP's wrapping counters, unwrapped, and the set of packets of a stream that were received."""

from __future__ import annotations

__all__ = ["ReceivedSet", "unwrap"]

# How far back a repeated packet is recognised: a minute of 120 ms packets, ten seconds of 20 ms ones.
REMEMBERED_PACKETS = 512


def unwrap(value: int, bits: int, near: int) -> int:
    """Return the number nearest to `near` whose lowest `bits` are `value`."""
    half = 1 << (bits - 1)
    return near + (value - near + half) % (1 << bits) - half


class ReceivedSet:
    """The packets of a stream that were received, by unwrapped sequence number, and the count of those lost."""

    def __init__(self, first: int) -> None:
        self.highest = first
        self._lowest = first
        self._received = 0
        self._seen = 0  # bit n: packet `highest - n` was received

    @property
    def lost(self) -> int:
        """Packets between the first and the latest that were not received, so far."""
        return self.highest - self._lowest + 1 - self._received

    def add(self, number: int) -> bool:
        """Add a packet; return False if it was received before, or is too old to know."""
        if number > self.highest:
            self._seen <<= min(number - self.highest, REMEMBERED_PACKETS)
            self._seen &= (1 << REMEMBERED_PACKETS) - 1
            self.highest = number
        age = self.highest - number
        if age >= REMEMBERED_PACKETS or self._seen >> age & 1:
            return False
        self._seen |= 1 << age
        self._received += 1
        self._lowest = min(self._lowest, number)
        return True
