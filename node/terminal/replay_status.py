"""A replay's status in the terminal: one line with its position, and notes above it."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from node.common import output
from node.common.printable import printable
from node.common.qr_code import draw_blocks
from node.recording.timecode import format_time

if TYPE_CHECKING:
    from rich.console import Console

    from node.replay.player import Player

# Characters of the bar that shows the position.
BAR = 30


class Screen:
    """Notes on lines of their own; on a terminal, a line below them that is drawn again at each refresh."""

    # Between two refreshes, in seconds.
    EVERY_S = 0.25

    def __init__(self, player: Player, console: Console) -> None:
        from rich.live import Live

        self._player, self._console = player, console
        self._live = Live("", console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self.refresh()
            self._live.stop()

    def note(self, text: str) -> None:
        """Print a note above the line."""
        from rich.text import Text

        self._console.print(Text(printable(text)), soft_wrap=True)

    def draw(self, lines: Sequence[str]) -> None:
        """Draw lines of light blocks above the line, where this is a terminal."""
        draw_blocks(self._console, lines)

    def refresh(self) -> None:
        """Draw the line again, as the replay is now."""
        if self._live is not None:
            from rich.text import Text

            self._live.update(Text(line(self._player)), refresh=True)


def line(player: Player) -> str:
    """Return the position and the state of the replay as text."""
    share = player.position_s / player.duration_s if player.duration_s else 1.0
    done = round(share * BAR)
    signs = [f"{player.speed:g}x"] * (player.speed != 1) + ["again and again"] * player.loop
    state = "paused" if player.paused else "playing"
    bar = "━" * done + "─" * (BAR - done)
    return "  ".join([state, bar, f"{format_time(player.position_s)} / {format_time(player.duration_s)}", *signs])


def choose(player: Player) -> Screen:
    """Return the screen for standard output."""
    return Screen(player, output.console())
