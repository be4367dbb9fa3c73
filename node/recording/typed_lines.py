"""The lines of people in a session, typed or spoken: read from its frames, and in the order in which they were said."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from node.recording.participants import Participants
from node.recording.reader import Recorded
from protocol import frames
from protocol.captions.tokens import from_utf8
from protocol.chat.lines import UTF8
from protocol.errors import CaptionError, FrameError, VersionError
from protocol.log import Frame, Joined

# Characters of a line that are read: those that one has on the wire; a forged file may have more.
MAX_LINE = 500

# How long a line is shown as a subtitle, in seconds: one that is read twice as slowly as subtitles are made for.
SHOWN_AT_LEAST_S, SHOWN_PER_CHARACTER_S, SHOWN_AT_MOST_S = 3.0, 0.12, 12.0

# A subtitle of what is spoken is read while it is heard, at the pace that subtitles are made for.
SPOKEN_AT_LEAST_S, SPOKEN_PER_CHARACTER_S = 1.0, 0.06

# Spoken lines are recorded once their words are known, up to so long after they were begun: they wait for those that
# are recorded later, and what is later still, after an outage, has the time of its record.
MAX_LATE_S = 120.0


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """A line of a session. `name` is its author's where the frame has it: the author left before the recording began.

    `at_s` is when it was sent or received, in seconds since the session began; of one that was spoken for `spoken_s`,
    when that began.
    """

    at_s: float
    author: str
    number: int
    text: str
    name: str | None = None
    spoken_s: float = 0.0

    @property
    def verb(self) -> str:
        """What its author does."""
        return "says" if self.spoken_s else "writes"

    @property
    def shown_s(self) -> float:
        """For how long it is to be shown."""
        if self.spoken_s:
            return max(self.spoken_s, SPOKEN_AT_LEAST_S, len(self.text) * SPOKEN_PER_CHARACTER_S)
        return min(SHOWN_AT_MOST_S, max(SHOWN_AT_LEAST_S, len(self.text) * SHOWN_PER_CHARACTER_S))


def line_of(record: Frame) -> RecordedLine | None:
    """Return the line in a frame; None if there is none, or its text is not known."""
    try:
        frame = frames.decode(record.frame)
    except (FrameError, VersionError):
        return None
    if not isinstance(frame, frames.Line | frames.Relayed):
        return None
    text = record.caption if record.caption is not None else _plain(frame)
    if not text:
        return None
    at_s, text = record.at_us / 1e6, text[:MAX_LINE]
    if isinstance(frame, frames.Line):
        if not frame.spoken:
            return RecordedLine(at_s, record.sender, frame.number, text)
        late_s = frame.age + (frame.spoken + frame.after) / 10
        began_s = max(0.0, at_s - late_s) if late_s <= MAX_LATE_S else at_s
        return RecordedLine(began_s, record.sender, frame.number, text, spoken_s=frame.spoken / 10)
    return RecordedLine(at_s, frame.author, frame.number, text, frame.name or frame.author)


def _plain(frame: frames.Line | frames.Relayed) -> str | None:
    """Return the text of a line that no codec is needed for."""
    if frame.codec != UTF8:
        return None
    try:
        return from_utf8(frame.coded)
    except CaptionError:
        return None


def named_lines(session: Recorded, start: float = 0.0, end: float | None = None) -> Iterator[tuple[str, RecordedLine]]:
    """Yield each line of that time with its author's name, in the order in which they were begun.

    Raises LogError for a session of too many people.
    """
    waiting: list[tuple[float, int, str, RecordedLine]] = []
    for number, (recorded_s, name, line) in enumerate(_named(session, start, end)):
        while waiting and waiting[0][0] <= recorded_s - MAX_LATE_S:
            yield heapq.heappop(waiting)[2:]
        if start <= line.at_s and (end is None or line.at_s < end):
            heapq.heappush(waiting, (line.at_s, number, name, line))
    while waiting:
        yield heapq.heappop(waiting)[2:]


def _named(session: Recorded, start: float, end: float | None) -> Iterator[tuple[float, str, RecordedLine]]:
    """Yield each line that is recorded within that time, or late, with the time of its record and a name."""
    people = Participants(session)
    before = session.state(start) if start else ()
    until = None if end is None else end + MAX_LATE_S
    for record in itertools.chain(before, _relevant(session, start, until)):
        people.learn(record)
        at_s = record.at_us / 1e6
        if isinstance(record, Frame) and at_s >= start and (line := line_of(record)) is not None:
            yield at_s, line.name or people.name(line.author), line


def _relevant(session: Recorded, start: float, end: float | None) -> Iterator[Frame | Joined]:
    for record in session.records(start, end, kinds=(Frame, Joined)):
        if isinstance(record, Frame | Joined):
            yield record
