"""Subtitles, from one change to the next: the captions of all pictures, and what people said and typed."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from node.common.printable import REPLACEMENT, printable
from node.recording.typed_lines import RecordedLine

# A shorter cue is left out: it is replaced before a frame of it is seen.
SHORTEST_S = 0.04

# Of a caption: more than a frame carries, and less than a forged file may have.
MOST_LETTERS = 2000

# Of a name: those of the longest.
MOST_NAME_LETTERS = 64

# Of a name in the name of a file, which may have 255 in all: in a room it has 64 of UTF-8, in a forged file more.
MOST_NAME_BYTES = 100

# Of a cue, twice as many as a room has people: the first are left out.
MOST_LINES = 16


@dataclass(frozen=True, slots=True)
class CaptionChange:
    """The caption of `who`'s picture from `at` (seconds) on; an empty `text` for none. What follows a zero in `who`
    distinguishes texts of one name."""

    at: float
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle from `start` to `end`, in seconds; no two overlap."""

    start: float
    end: float
    text: str


def line_changes(
    lines: Iterable[tuple[str, RecordedLine]], start: float, alone: bool = False
) -> Iterator[CaptionChange]:
    """Yield the begin and the end of each line that is shown, in seconds since `start`, in order of time.

    Lines come with their authors' names. One that was typed is shown beside those before it, under the name of its
    writing; one that was spoken takes the place of what its author said before, under the name alone if what is spoken
    stands `alone`, and not among what pictures show.
    """
    ends: list[tuple[float, str]] = []
    for name, line in lines:
        at = max(line.at_s - start, 0.0)
        yield from _ended(ends, at)
        who = one_line(name, MOST_NAME_LETTERS)
        who = who if alone and line.spoken_s else f"{who} {line.verb}"
        key = f"{who}\0{line.author}\0{'' if line.spoken_s else line.number}"
        ends = [end for end in ends if end[1] != key]
        heapq.heapify(ends)
        yield CaptionChange(at, key, line.text)
        heapq.heappush(ends, (at + line.shown_s, key))
    yield from _ended(ends, float("inf"))


def _ended(ends: list[tuple[float, str]], at: float) -> Iterator[CaptionChange]:
    while ends and ends[0][0] <= at:
        ended, key = heapq.heappop(ends)
        yield CaptionChange(ended, key, "")


def cues(changes: Iterable[CaptionChange], end: float) -> Iterator[Cue]:
    """Yield a cue from each change to the next, with a line for each person that has a caption."""
    showing: dict[str, str] = {}
    since = 0.0
    for change in changes:
        yield from _cue(showing, since, min(change.at, end))
        _show(showing, change)
        since = max(since, change.at)
    yield from _cue(showing, since, end)


def _show(showing: dict[str, str], change: CaptionChange) -> None:
    if not change.text:
        showing.pop(change.who, None)
        return
    showing[change.who] = change.text
    if len(showing) > MOST_LINES:
        del showing[next(iter(showing))]


def _cue(showing: dict[str, str], start: float, end: float) -> Iterator[Cue]:
    lines = [caption_line(who.partition("\0")[0], text) for who, text in showing.items()]
    if lines and end - start >= SHORTEST_S:
        yield Cue(start, end, "\n".join(lines))


def caption_line(who: str, text: str) -> str:
    """Return the line of a cue for one person's caption."""
    return f"{one_line(who, MOST_NAME_LETTERS)}: {one_line(text)}"


def one_line(text: str, most: int = MOST_LETTERS) -> str:
    """Replace each run of white space and of what is not printable by one space: a blank line ends a cue.

    A text of more than `most` letters is shortened.
    """
    line = " ".join(printable(text[: 2 * most]).replace(REPLACEMENT, " ").split())
    return line if len(line) <= most else line[: most - 1] + "…"


def file_part(name: str) -> str:
    """Return a participant's name as a part of a file's name, after a hyphen; "" if no letter of it can be in one.

    Names are from others: what leads to another folder, or is an order to a shell, is left out.
    """
    letters = "-".join(re.findall(r"\w+", one_line(name, MOST_NAME_LETTERS)))
    letters = letters.encode()[:MOST_NAME_BYTES].decode(errors="ignore")
    return f"-{letters}" if letters else ""


def srt(cues: Iterable[Cue]) -> str:
    """Return the cues as a SubRip file."""
    return "".join(
        f"{number}\n{_time(cue.start)} --> {_time(cue.end)}\n{unmarked(cue.text)}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def unmarked(text: str) -> str:
    """Replace what players read as markup (<i>, {...}), commands (a backslash) or times (an arrow)."""
    plain = text.replace("-->", "->").replace("<", "‹").replace(">", "›")
    return plain.replace("{", "(").replace("}", ")").replace("\\", "/")


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
