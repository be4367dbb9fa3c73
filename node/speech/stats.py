"""Counts of one node's speech in a call, sent and received."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

# One for each 60 ms frame: percentiles cover the last hour of a longer call.
MAX_DELAYS = 60_000


class RecentValues(Collection[float]):
    """The last `most` values appended, oldest first, as 32-bit floats: 4 bytes each, where a deque's floats take 32."""

    def __init__(self, most: int) -> None:
        self._values = array("f", bytes(4 * most))
        self._count = 0

    def append(self, value: float) -> None:
        self._values[self._count % len(self._values)] = value
        self._count += 1

    def extend(self, values: Iterable[float]) -> None:
        for value in values:
            self.append(value)

    def __len__(self) -> int:
        return min(self._count, len(self._values))

    def __iter__(self) -> Iterator[float]:
        first = self._count - len(self)
        return (self._values[index % len(self._values)] for index in range(first, self._count))

    def __contains__(self, value: object) -> bool:
        return any(value == each for each in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecentValues) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it changes


@dataclass(slots=True)
class SpeechOut:
    """Counts of the packets that were handed to the links. The voiced ones have a voice in them; the late ones waited,
    or follow sound that was never sent.
    """

    packets: int = 0
    payload: int = 0
    voiced_packets: int = 0
    voiced_payload: int = 0
    voiced_ms: float = 0.0
    late: int = 0

    def add(self, payload: int, voiced: bool, duration_ms: float, late: bool = False) -> None:
        """Count a packet of `payload` bytes."""
        self.packets += 1
        self.payload += payload
        self.late += late
        if voiced:
            self.voiced_packets += 1
            self.voiced_payload += payload
            self.voiced_ms += duration_ms


@dataclass(slots=True)
class SpeechIn:
    """Counts of the receive streams of all peers."""

    received: int = 0
    lost: int = 0
    late: int = 0
    bad_packets: int = 0
    concealed_ms: float = 0.0
    underruns: int = 0
    mouth_to_ear_ms: RecentValues = field(default_factory=lambda: RecentValues(MAX_DELAYS))
    stall_ms_max: float = 0.0
    underruns_after_5s: int = 0
