"""What the page needs of a recording that is played: to go on, to stand still, to go elsewhere, faster or slower."""

from __future__ import annotations

from typing import Any, Protocol


class Playing(Protocol):
    """A recording that tells a witness what happens in it, as a live node does."""

    @property
    def position_s(self) -> float:
        """Where it stands, in seconds from its beginning."""

    @property
    def duration_s(self) -> float:
        """How long it is."""

    @property
    def paused(self) -> bool:
        """Whether it stands still."""

    @property
    def speed(self) -> float:
        """1 is as fast as it was."""

    @speed.setter
    def speed(self, speed: float) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def seek(self, seconds: float) -> None: ...


def playback_state(player: Playing) -> dict[str, Any]:
    """Return a recording's state as docs/web-api.md has it."""
    return {
        "position": round(player.position_s, 2),
        "duration": round(player.duration_s, 2),
        "speed": player.speed,
        "playing": not player.paused,
    }
