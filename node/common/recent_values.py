"""The newest values of a series, in memory of fixed size."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator


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
