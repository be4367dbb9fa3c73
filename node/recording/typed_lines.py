"""The lines typed by people in a session: read from its frames, and for subtitles from one change to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """A line of a session. `name` is its author's where the frame has it: the author left before the recording began.

    `at_s` is when it was sent or received, in seconds since the session began.
    """

    at_s: float
    author: str
    number: int
    text: str
    name: str | None = None

    @property
    def shown_s(self) -> float:
        """For how long it is to be shown."""
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
        return RecordedLine(at_s, record.sender, frame.number, text)
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
    """Yield each line of that time with its author's name. Raises LogError for a session of too many people."""
    people = Participants(session)
    before = session.state(start) if start else ()
    for record in (*before, *_relevant(session, start, end)):
        people.learn(record)
        if isinstance(record, Frame) and record.at_us / 1e6 >= start and (line := line_of(record)) is not None:
            yield line.name or people.name(line.author), line


def _relevant(session: Recorded, start: float, end: float | None) -> Iterable[Frame | Joined]:
    for record in session.records(start, end, kinds=(Frame, Joined)):
        if isinstance(record, Frame | Joined):
            yield record
