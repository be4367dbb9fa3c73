"""Which subtitles an export has: what people said and typed, what their pictures show, or both."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from enum import Enum
from operator import attrgetter

from node.export.subtitles import CaptionChange, Cue, cues, line_changes
from node.recording.participants import Attendance
from node.recording.reader import Recorded
from node.recording.typed_lines import RecordedLine, named_lines
from node.replay.pictures import PictureReader
from protocol.captions.registry import CaptionCodecs
from protocol.errors import UsageError
from protocol.log import Frame, Left


class Subtitles(Enum):
    """What subtitles say."""

    SAID = "said"
    SHOWN = "shown"
    ALL = "all"


def parse_subtitles(text: str | None) -> Subtitles | None:
    """Return the choice of this name; None for none. Raises UsageError that lists the names."""
    try:
        return None if text is None else Subtitles(text)
    except ValueError:
        known = ", ".join(one.value for one in Subtitles)
        raise UsageError(f"--subtitles {text!r} is not known; there is: {known}") from None


def chosen(wanted: Subtitles | None, session: Recorded) -> Subtitles:
    """Return what is wanted; without a wish what was said, if anything was, and else all that is written."""
    if wanted is not None:
        return wanted
    return Subtitles.SAID if any(line.spoken_s for _, line in named_lines(session)) else Subtitles.ALL


class SubtitleMaker:
    """Makes the subtitles of a session from `start` to `end`, in seconds, counted from the start.

    `people` are those whose lines are wanted, by names or node ids; none: everybody's.
    """

    def __init__(
        self, session: Recorded, codecs: CaptionCodecs, start: float, end: float, people: Collection[str] = ()
    ) -> None:
        self._session, self._codecs, self._start, self._end, self._people = session, codecs, start, end, people

    def cues(self, choice: Subtitles) -> Iterator[Cue]:
        """Yield them in order of time."""
        lines = line_changes(self._lines(), self._start, alone=choice is Subtitles.SAID)
        captions = caption_changes(self._session, self._codecs, self._start, self._end)
        match choice:
            case Subtitles.SAID:
                changes = lines
            case Subtitles.SHOWN:
                changes = captions
            case Subtitles.ALL:
                changes = heapq.merge(captions, lines, key=attrgetter("at"))
        return cues(changes, self._end - self._start)

    def _lines(self) -> Iterator[tuple[str, RecordedLine]]:
        for name, line in named_lines(self._session, self._start, self._end):
            if not self._people or name in self._people or line.author in self._people:
                yield name, line


def caption_changes(session: Recorded, codecs: CaptionCodecs, start: float, end: float) -> Iterator[CaptionChange]:
    """Yield each change of a participant's caption, in seconds since `start`; one that left has none."""
    attendance, reader = Attendance(session), PictureReader(codecs, session.header.codebooks, lambda text: None)
    state = [record for record in session.state(start) if isinstance(record, Frame)]
    for record in (*state, *session.records(start, end, kinds=(Frame, Left))):
        at = max(record.at_us / 1e6 - start, 0.0)
        sender = record.sender if isinstance(record, Frame) else record.peer if isinstance(record, Left) else ""
        if (index := attendance.index(sender)) is None:
            continue
        name = attendance.participants[index].name
        if isinstance(record, Left):
            yield CaptionChange(at, name, "")
        elif isinstance(record, Frame) and (picture := reader.read(record)) is not None:
            yield CaptionChange(at, name, picture.prompt.text)
