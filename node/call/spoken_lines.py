"""Lines of the others read aloud: those whose authors are not heard by themselves.

A voice that comes as sound and as text is not said twice: whether its sound came decides, and not what its hello says,
for a voice that follows its link may be sound at one moment and text alone at the next. Browsers that listen by the
page hear the people themselves, and nothing of this.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from node.call.observers import CallObserver, ChatLine
from node.spoken.read_aloud import ReadAloud

if TYPE_CHECKING:
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello

# A voice whose last packet came so long before its line began, or earlier, was not heard saying it.
HEARD_S = 2.0

# A line that comes later is no part of the conversation any more: those of an outage, or from before we came.
LATE_S = 60.0


class SpokenLines(CallObserver):
    """Has `aloud` read what others type, and what they say where no sound of it came.

    With several others in the room, a line begins with its author's name unless the line before was the same one's.
    """

    def __init__(self, aloud: ReadAloud, clock: Callable[[], float] = time.time) -> None:
        self._aloud, self._clock = aloud, clock
        self._heard_at: dict[str, float] = {}
        self._present: set[str] = set()
        self._last = ""

    def joined(self, peer: str, hello: Hello) -> None:
        self._present.add(peer)

    def left(self, peer: str) -> None:
        self._present.discard(peer)
        self._heard_at.pop(peer, None)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self._heard_at[peer] = self._clock()

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        if line.mine or self._clock() - line.at > LATE_S or self._was_heard(line):
            return
        is_named = len(self._present) > 1 and line.author != self._last
        self._last = line.author
        self._aloud.read(f"{line.name}: {line.text}" if is_named else line.text)

    def _was_heard(self, line: ChatLine) -> bool:
        """Return whether the sound of a line came, too."""
        heard_at = self._heard_at.get(line.author)
        return line.spoken_s > 0 and heard_at is not None and heard_at > line.at - HEARD_S
