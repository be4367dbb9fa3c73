"""The newest lines for those who come later: given by who has been here longest, or by the next if that one is silent.

No node says how long it has been here. Each counts the peers that it met when it came: so many may give before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from protocol.chat.lines import HISTORY, RESEND_S, KnownLine

__all__ = ["SETTLE_S", "Gift", "Newcomers"]

# Peers that are met within so long after the start were here before, or came at the same time.
SETTLE_S = 5.0
# The newcomer subscribes to our lines once it has met us: what is sent before is lost.
FIRST_AFTER_S = 0.5
# The next to give waits so long for the one before it, and of those that came at once the next by its id so long.
HANDOVER_S, TIE_S = 1.5, 0.3
# Tries without an answer, each after twice the time of the one before.
TRIES = 4


@dataclass(frozen=True, slots=True)
class Gift:
    """An earlier line for a newcomer, the one at `place` of `of`."""

    target: str
    place: int
    of: int
    line: KnownLine


@dataclass(slots=True)
class _Giving:
    """What a newcomer is to have: `lines`, known once they are given, of which it has the first `had`."""

    at: float
    lines: tuple[KnownLine, ...] = ()
    had: int = 0
    tries: int = 0


class Newcomers:
    """The newest lines of the room, and what newcomers have of them. `node` is our own id."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._lines: deque[KnownLine] = deque(maxlen=HISTORY)
        self._older: set[str] = set()
        self._givings: dict[str, _Giving] = {}
        self._overheard: dict[tuple[str, str], int] = {}

    def remember(self, line: KnownLine) -> None:
        """Add a line, the newest."""
        self._lines.append(line)

    def joined(self, peer: str, now: float, is_older: bool) -> None:
        """Meet a peer: one that was here before, or one that is to be given what was said."""
        if is_older:
            self._older.add(peer)
        else:
            self._givings[peer] = _Giving(now + FIRST_AFTER_S + self._after_others_s())

    def left(self, peer: str) -> bool:
        """Give nothing to a peer, nor leave it to that peer to give. Returns whether it was still to be given all."""
        self._older.discard(peer)
        giving = self._givings.get(peer)
        self._stop(peer)
        return giving is not None and not giving.tries

    def overheard(self, giver: str, target: str, of: int, now: float) -> None:
        """Leave it to another member, which was heard giving, until that had time to finish."""
        if (giving := self._givings.get(target)) is not None and not giving.tries:
            self._overheard[target, giver] = of
            giving.at = max(giving.at, now + RESEND_S + self._after_others_s())

    def acknowledged(self, peer: str, giver: str, places: int, now: float) -> None:
        """Note that a newcomer has the first `places` of the lines that a member gives."""
        giving = self._givings.get(peer)
        if giving is None:
            return
        if giver != self._node:
            if places >= self._overheard.get((peer, giver), places + 1):
                self._stop(peer)
        elif giving.had < places <= len(giving.lines):
            giving.had, giving.tries, giving.at = places, 1, now + RESEND_S
            if places == len(giving.lines):
                self._stop(peer)

    def deadline(self) -> float | None:
        """Return when `due` has something to give; None if nothing is missing."""
        return min((giving.at for giving in self._givings.values()), default=None)

    def due(self, now: float) -> Iterator[Gift]:
        """Yield what is to be given now."""
        for peer, giving in list(self._givings.items()):
            if giving.at > now:
                continue
            giving.lines = giving.lines or tuple(self._lines)
            giving.tries += 1
            giving.at = now + RESEND_S * 2 ** (giving.tries - 1)
            if not giving.lines or giving.tries > TRIES:
                self._stop(peer)
            else:
                for place in range(giving.had, len(giving.lines)):
                    yield Gift(peer, place, len(giving.lines), giving.lines[place])

    def _after_others_s(self) -> float:
        """Return how long to wait for those who were here before, and for those of them with a smaller id."""
        return len(self._older) * HANDOVER_S + sum(peer < self._node for peer in self._older) * TIE_S

    def _stop(self, peer: str) -> None:
        self._givings.pop(peer, None)
        for key in [key for key in self._overheard if key[0] == peer]:
            del self._overheard[key]
