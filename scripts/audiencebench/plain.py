"""Messages of the size of an audience's, with nothing in them: what the broker alone is measured with."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from audiencebench.listeners import Opened
from audiencebench.speaker import Due

MESSAGE_S = 0.24
MESSAGE_BYTES = 200


@dataclass
class Plain:
    """240 ms of speech a message."""

    topics: list[str] = field(default_factory=lambda: ["loadtest/v"])
    every_s: float = MESSAGE_S
    size: int = MESSAGE_BYTES

    def messages(self, seconds: float) -> Iterator[Due]:
        for number in range(int(seconds / self.every_s)):
            yield Due(number * self.every_s, self.topics[0], secrets.token_bytes(self.size))

    def packets_of(self, seconds: float) -> int:
        return 0

    def opener(self) -> tuple[Opened, Callable[[], int]]:
        """There is nothing to open."""
        return (lambda topic, payload, now: None), (lambda: 0)
