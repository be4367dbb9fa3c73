"""Our own lines: numbered, sent while peers lack them, and sent again until everyone present has them."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from protocol.chat.lines import RESEND_S, SPOKEN_RESEND_S, UTF8, Spoken, Wording

__all__ = ["MAX_KEPT", "WINDOW", "OwnLine", "OwnLines"]

# Lines that are on the way at once. The outbox of a node has 64 places, which hellos need as well.
WINDOW = 16
# Lines that can be sent again, and are marked: an evening's worth, of 2 kB each at most.
MAX_KEPT = 256
# Resent so often without an answer, a peer holds up the others no more, and gets one line at a time.
PATIENCE = 2
# The longest pause before the next try: a broker's return makes it short again.
LONGEST_PAUSE_S = 15.0
# Earlier lines of ours that one peer is given, by all givers.
MAX_PROMISED = 64
# Sessions that left whose place in our lines is remembered: those who come back within an evening.
MAX_DEPARTED = 32


@dataclass(slots=True)
class OwnLine:
    """A line of ours, and the peers that acknowledged it."""

    number: int
    wording: Wording
    said_at: float
    spoken: Spoken | None = None
    had_by: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Listener:
    """A peer that reads lines: `need` is the first that it lacks, `base` the first that it is to have from us.

    `promised` are the earlier ones that it is given, by giver and place.
    """

    session: int
    reads: frozenset[int]
    need: int
    base: int
    tries: int = 0
    has_answered: bool = False
    promised: dict[tuple[str, int], int] = field(default_factory=dict)


class OwnLines:
    """The lines of one session. `resend_at` is when `due` has something to send again; None if nothing is missing."""

    def __init__(self) -> None:
        self.next = 0
        self.resend_at: float | None = None
        self._lines: deque[OwnLine] = deque(maxlen=MAX_KEPT)
        self._listeners: dict[str, _Listener] = {}
        self._departed: OrderedDict[tuple[str, int], _Listener] = OrderedDict()
        self._posted = 0
        self._pause = RESEND_S

    @property
    def unsent(self) -> int:
        """How many lines wait for those before them to be acknowledged."""
        return self.next - self._posted if self._listeners else 0

    def joined(self, peer: str, session: int, reads: frozenset[int], now: float, from_start: bool) -> range:
        """Deliver to a peer from now on, or all lines with `from_start`; a session that comes back has its place.

        Returns the lines whose marks that changes.
        """
        base = 0 if from_start else self.next
        listener = self._departed.pop((peer, session), None) or _Listener(session, reads, base, base)
        listener.reads, listener.tries = reads, 0
        self._listeners[peer] = listener
        if listener.need < self._posted:
            self._resend_from(now)
        return range(listener.need, self.next)

    def left(self, peer: str) -> range:
        """Deliver nothing more to a peer. Returns the lines whose marks that changes."""
        listener = self._listeners.pop(peer, None)
        if listener is None:
            return range(0)
        self._departed[peer, listener.session] = listener
        while len(self._departed) > MAX_DEPARTED:
            self._departed.popitem(last=False)
        return range(listener.need, self.next)

    def say(self, wording: Wording, now: float, spoken: Spoken | None = None) -> int:
        """Add a line, and return its number."""
        number, self.next = self.next, self.next + 1
        self._lines.append(OwnLine(number, wording, now, spoken))
        return number

    def acknowledged(self, peer: str, number: int, now: float) -> range:
        """Note that a peer has all lines before `number`. Returns the lines whose marks that changes."""
        listener = self._listeners.get(peer)
        if listener is None or number > self.next:
            return range(0)
        progress = number > listener.need
        if progress or not listener.has_answered:
            listener.need = number
        listener.has_answered = True
        if progress:
            listener.tries, self._pause = 0, RESEND_S
            self.resend_at = now + self._patience_s(self._first_missing()) if self._is_missing() else None
        return self._mark(peer, range(max(listener.base, self._oldest_kept), number))

    def promised(self, peer: str, giver: str, place: int, number: int) -> None:
        """Note that a peer is given an earlier line of ours: once that is acknowledged, the peer has it."""
        listener = self._listeners.get(peer)
        if listener is not None and len(listener.promised) < MAX_PROMISED:
            listener.promised[giver, place] = number

    def given(self, peer: str, giver: str, places: int) -> range:
        """Note that a peer has so many of the lines that it is given. Returns the lines whose marks that changes."""
        listener = self._listeners.get(peer)
        if listener is None:
            return range(0)
        here = [number for (by, place), number in listener.promised.items() if by == giver and place < places]
        return self._mark(peer, here)

    def marks(self, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the peers that have a line, and those present that still lack it."""
        line = self._line(number)
        waiting = (peer for peer, listener in self._listeners.items() if listener.need <= number)
        return () if line is None else tuple(line.had_by), tuple(waiting)

    def returned(self, now: float) -> None:
        """Send at once what is missing: the broker is back."""
        for listener in self._listeners.values():
            listener.tries = 0
        if self._is_missing():
            self._resend_from(now)

    def due(self, now: float) -> list[OwnLine]:
        """Return the lines to send now: what is new and has its turn, and what is missing once it is time."""
        lines = self._missing() if self.resend_at is not None and self.resend_at <= now else set()
        if lines:
            self.resend_at, self._pause = now + self._pause, min(2 * self._pause, LONGEST_PAUSE_S)
        else:
            self.resend_at = None if not self._is_missing() else self.resend_at
        fresh = self._fresh()
        self._posted = max(self._posted, fresh.stop if fresh else 0)
        if fresh:
            answered_at = now + self._patience_s(fresh.start)
            self.resend_at = answered_at if self.resend_at is None else min(self.resend_at, answered_at)
        return [line for number in sorted(lines | set(fresh)) if (line := self._line(number)) is not None]

    def behind(self, number: int) -> int:
        """Return how far before a line the oldest is that a peer lacks and that can still be sent."""
        return max(0, number - min(map(self._need, self._listeners.values()), default=number))

    def readable(self) -> frozenset[int]:
        """Return the caption codecs that every peer reads."""
        reads = [listener.reads for listener in self._listeners.values()]
        return frozenset.intersection(*reads) if reads else frozenset((UTF8,))

    def read_by(self, peer: str) -> frozenset[int]:
        """Return the caption codecs that a peer reads."""
        return self._listeners[peer].reads if peer in self._listeners else frozenset((UTF8,))

    @property
    def _oldest_kept(self) -> int:
        return self.next - len(self._lines)

    def _line(self, number: int) -> OwnLine | None:
        return self._lines[number - self._oldest_kept] if self._oldest_kept <= number < self.next else None

    def _patience_s(self, begin: int) -> float:
        """Return how long answers to the lines from `begin` on may take: those to spoken ones are gathered longer."""
        sent = (self._line(number) for number in range(max(begin, self._oldest_kept), self._posted))
        is_typed = any(line is not None and line.spoken is None for line in sent)
        return self._pause if is_typed else max(self._pause, SPOKEN_RESEND_S)

    def _resend_from(self, now: float) -> None:
        self.resend_at, self._pause = now, RESEND_S

    def _is_missing(self) -> bool:
        return any(self._need(listener) < self._posted for listener in self._listeners.values())

    def _need(self, listener: _Listener) -> int:
        """Return the first line that a peer lacks, of those that can still be sent."""
        return max(listener.need, self._oldest_kept)

    def _first_missing(self) -> int:
        return min(map(self._need, self._listeners.values()), default=self._posted)

    def _missing(self) -> set[int]:
        """Return the numbers of what was sent and is lacking, and count a try for each peer that lacks any."""
        missing: set[int] = set()
        for listener in self._listeners.values():
            begin = self._need(listener)
            count = WINDOW if listener.tries <= PATIENCE else 1
            missing |= set(range(begin, min(begin + count, self._posted)))
            listener.tries += begin < self._posted
        return missing

    def _fresh(self) -> range:
        """Return the lines that were never sent and have their turn; none while there is nobody to read them."""
        if not self._listeners:
            return range(0)
        patient = [self._need(listener) for listener in self._listeners.values() if listener.tries <= PATIENCE]
        begin = max(self._posted, min(map(self._need, self._listeners.values())))
        return range(begin, min(self.next, min(patient, default=begin) + WINDOW))

    def _mark(self, peer: str, numbers: Iterable[int]) -> range:
        changed: list[int] = []
        for number in numbers:
            line = self._line(number)
            if line is not None and peer not in line.had_by:
                line.had_by[peer] = None
                changed.append(number)
        return range(min(changed), max(changed) + 1) if changed else range(0)
