"""The chat in the terminal: lines with their sender, time and who has them; and as a pipe, for scripts."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from node.call.observers import CallObserver, ChatLine
from node.common.output import deliver
from node.common.printable import printable

# So long a line of our own waits to be shown together with who has it.
MARK_S = 1.5

# Characters of a line that is named once more, when those who lacked it have it.
MAX_QUOTED = 40

# Lines of our own that wait for somebody to have them.
MAX_WAITING = 256

ALONE = "nobody is here to read it"
ALL_HAVE_IT, SOME_LACK_IT = "✓", "…"


class Conversation(CallObserver):
    """Shows each line once by `show`; call `refresh` now and then. `clock` is monotonic.

    A line of our own is shown when everyone present has it, or soon after; if later, it is said when they do. `alone`
    is what it is marked with when nobody is present. What is spoken, by us too, is shown once its words are known.
    """

    def __init__(
        self, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic, alone: str = ALONE
    ) -> None:
        self._show, self._clock, self._alone = show, clock, alone
        self._unshown: OrderedDict[str, tuple[float, ChatLine]] = OrderedDict()
        self._late: OrderedDict[str, None] = OrderedDict()

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        if line.spoken_s:
            self._show(f"{_clock_time(line.at)} {'you say' if line.mine else f'{line.name} says'}: {line.text}")
        elif not line.mine:
            self._show(f"{_clock_time(line.at)} {line.name}: {line.text}")
        elif line.waiting:
            self._unshown[line.id] = (self._clock(), line)
        else:
            self._show_own(line)

    def line_marked(self, line: ChatLine) -> None:
        if line.id in self._unshown:
            since, _ = self._unshown[line.id]
            self._unshown[line.id] = (since, line)
            self._show_ready()
        elif line.id in self._late and not line.waiting:
            del self._late[line.id]
            quoted = line.text if len(line.text) <= MAX_QUOTED else f"{line.text[: MAX_QUOTED - 1]}…"
            self._show(f"{_clock_time(line.at)} {ALL_HAVE_IT} {', '.join(line.have)}: {quoted}")

    def refresh(self) -> None:
        """Show what has waited long enough."""
        self._show_ready()

    def _show_ready(self) -> None:
        """Show lines of our own in their order, up to the first that still waits to be acknowledged."""
        while self._unshown:
            since, line = next(iter(self._unshown.values()))
            if line.waiting and self._clock() - since < MARK_S:
                return
            del self._unshown[line.id]
            self._show_own(line)

    def _show_own(self, line: ChatLine) -> None:
        if line.waiting:
            mark = f"{SOME_LACK_IT} waits for {', '.join(line.waiting)}"
            self._late[line.id] = None
            while len(self._late) > MAX_WAITING:
                self._late.popitem(last=False)
        else:
            mark = f"{ALL_HAVE_IT} {', '.join(line.have)}" if line.have else self._alone
        self._show(f"{_clock_time(line.at)} you: {line.text}  [{mark}]")


class LinePipe(CallObserver):
    """Writes each line of others to standard output: name, tab, text, both printable, so that a script can split it."""

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        if not line.mine:
            deliver(f"{printable(line.name)}\t{printable(line.text)}")


def _clock_time(at: float) -> str:
    """Return the time of day in hours and minutes; a time that is none, by a peer's fault, as question marks."""
    try:
        return time.strftime("%H:%M", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return "??:??"
