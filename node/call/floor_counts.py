"""How often a node asked for the floor, and who had it for how long."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class FloorCounts:
    """Of one call: how often this node asked, and was granted or refused; `held_s` is the seconds of each by name.

    `holder` has the floor now, since the monotonic time `since`; "" stands for nobody.
    """

    asked: int = 0
    granted: int = 0
    refused: int = 0
    held_s: dict[str, float] = field(default_factory=dict)
    holder: str = ""
    since: float = 0.0

    def pass_to(self, holder: str, now: float) -> None:
        """Note who has the floor from now on."""
        if self.holder:
            self.held_s[self.holder] = self.held_s.get(self.holder, 0.0) + now - self.since
        self.holder, self.since = holder, now

    def seconds(self, now: float) -> dict[str, float]:
        """Return for how long each had the floor by now, by name."""
        running = {self.holder: self.held_s.get(self.holder, 0.0) + now - self.since} if self.holder else {}
        return self.held_s | running
