"""What to export and how, and the files that this becomes: one, or one for each participant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from node.export.subtitle_choice import Subtitles
from node.export.subtitles import file_part
from node.recording.participants import Attendance
from node.recording.reader import SessionReader
from node.replay.pictures import Paint
from protocol.errors import NodeError, UsageError
from protocol.log import Header

# What can be split into a file for each participant: the others have all of them in one by their nature.
SPLIT = (".mp4", ".webm", ".opus")

# What has subtitles that can be chosen: in the others is all that was said and shown, or no text at all.
SUBTITLED = (".mp4", ".webm", ".srt")

# Called with the seconds that are done, and all of them.
Progress: TypeAlias = Callable[[float, float], None]

# Makes what paints the pictures of a session: see `node.replay.pictures.session_painter`.
Painters: TypeAlias = Callable[
    [Header, str | None, str | None, Callable[[str], None]], AbstractAsyncContextManager[Paint | None]
]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export and how; times in seconds. `who` are the names that are heard, by default all.

    A `mark` on pictures says that they were painted. With `split` there is a file for each participant; `only` is the
    index of the one that such a file is about. With a `serial`, 31 bits, the file's bytes follow from the session and
    the options: it is that of the Ogg stream, the encoders have one thread, and times are in UTC. For `subtitles` see
    `node.export.subtitle_choice.chosen`.
    """

    output: Path
    start: float = 0.0
    end: float | None = None
    pictures: bool = True
    who: tuple[str, ...] = ()
    models: str | None = None
    generator: str | None = None
    lyra_folder: Path | None = None
    force: bool = False
    mark: bool = True
    split: bool = False
    only: int | None = None
    serial: int | None = None
    subtitles: Subtitles | None = None


def parts(session: SessionReader, options: ExportOptions) -> Iterator[ExportOptions]:
    """Yield the options of each file: all in one, or OUT-1-ANN.mp4 for each participant, or each of `who`.

    Raises UsageError if the kind of file cannot be split, NodeError for a name that nobody has, or if nobody is there.
    """
    if not options.split:
        yield options
        return
    if options.output.suffix.lower() not in SPLIT:
        raise UsageError(f"--split makes a file a person of {', '.join(SPLIT)}, not of {options.output.name!r}")
    attendance = Attendance(session)
    if not attendance.participants:
        raise NodeError("nobody in this session sent anything: leave out --split")
    wanted = attendance.ids(options.who) if options.who else None
    for index, one in enumerate(attendance.participants):
        if wanted is None or wanted.intersection(one.ids):
            name = f"{options.output.stem}-{index + 1}{file_part(one.name)}"
            yield replace(options, output=options.output.with_stem(name), only=index)
