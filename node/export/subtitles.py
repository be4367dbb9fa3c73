"""Captions as subtitles: what the pictures of all show, from one change of words to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from node.common.printable import REPLACEMENT, printable

# A cue that would be over sooner is left out: it is replaced before a frame of it is seen.
SHORTEST_S = 0.04

# Of a caption that is shown: more than a frame carries, and less than a made-up file may have.
MOST_LETTERS = 2000

# Of a name: as many as the longest has.
MOST_NAME_LETTERS = 64

# Of a cue, twice as many as a room has people: who came first is left out.
MOST_LINES = 16


@dataclass(frozen=True, slots=True)
class CaptionChange:
    """From `at` (seconds) on, `who`'s picture shows this; nothing when the words are empty."""

    at: float
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle from `start` to `end`, in seconds; no two overlap."""

    start: float
    end: float
    text: str


def cues(words: Iterable[CaptionChange], end: float) -> Iterator[Cue]:
    """Yields one cue from each change to the next, a line for each one whose picture shows something."""
    showing: dict[str, str] = {}
    since = 0.0
    for change in words:
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
    lines = [caption_line(who, text) for who, text in showing.items()]
    if lines and end - start >= SHORTEST_S:
        yield Cue(start, end, "\n".join(lines))


def caption_line(who: str, text: str) -> str:
    """The line of a cue that says whose picture shows what."""
    return f"{one_line(who, MOST_NAME_LETTERS)}: {one_line(text)}"


def one_line(text: str, most: int = MOST_LETTERS) -> str:
    """The text with every run of white space and of what is not printable made one space: a blank line ends a cue.

    Of what is longer than `most` letters the beginning is left.
    """
    line = " ".join(printable(text[: 2 * most]).replace(REPLACEMENT, " ").split())
    return line if len(line) <= most else line[: most - 1] + "…"


def srt(cues: Iterable[Cue]) -> str:
    """The cues as a SubRip file."""
    return "".join(
        f"{number}\n{_time(cue.start)} --> {_time(cue.end)}\n{unmarked(cue.text)}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def unmarked(text: str) -> str:
    """The text without what players take for markup (<i>, {...}), orders (a backslash) or times (an arrow)."""
    plain = text.replace("-->", "->").replace("<", "‹").replace(">", "›")
    return plain.replace("{", "(").replace("}", ")").replace("\\", "/")


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
