"""Lines of a chat as its parts hand them to each other, and the events that they cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from protocol.frames import DEFAULT_CODEC

__all__ = ["HISTORY", "RESEND_S", "SPOKEN_GATHER_S", "SPOKEN_RESEND_S", "UTF8", "Arrived", "KnownLine"]
__all__ += ["LineArrived", "LineEvent", "MarksChanged", "Spoken", "Wording"]

# Lines that a newcomer is given: what fits on a screen, so that it is clear what is being talked about.
HISTORY = 20
# What was not acknowledged by then is sent again: the answer comes after two trips through the broker, some 2 s over a
# link of 20 kbit/s, and the time in which acknowledgements are gathered.
RESEND_S = 3.0
# Acknowledgements of lines that are spoken are gathered for so long: one costs as many bytes as the line, and the next
# line of a voice comes in some four to ten seconds.
SPOKEN_GATHER_S = 8.0
# Beyond that, and the way there and back.
SPOKEN_RESEND_S = 12.0
# The caption codec that every node reads.
UTF8 = 0


@dataclass(frozen=True, slots=True)
class Wording:
    """A line's text as each of some caption codecs codes it; UTF-8 is always among them."""

    coded: Mapping[int, bytes]

    def shortest(self, readable: Collection[int]) -> tuple[int, bytes]:
        """Return the codec and the bytes of the form that costs least, among the codecs that are readable."""
        forms = [(codec, data) for codec, data in self.coded.items() if codec == UTF8 or codec in readable]
        return min(forms, key=lambda form: len(form[1]) + (form[0] != DEFAULT_CODEC))


@dataclass(frozen=True, slots=True)
class Spoken:
    """When a line was spoken, in tenths of a second: for so many, and so many `after` that its words were known."""

    tenths: int
    after: int = 0

    @property
    def since_begin_s(self) -> float:
        """How long before its words were known it was begun."""
        return (self.tenths + self.after) / 10


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line that was said or received; `said_at` is on the clock of `now`."""

    author: str
    name: str
    number: int
    wording: Wording
    said_at: float


@dataclass(frozen=True, slots=True)
class Arrived:
    """A line as it came: from `via`, its author or who relays it; `name` is the author's, if it is relayed.

    `spoken` is None of a line that was typed.
    """

    via: str
    author: str
    number: int
    codec: int
    coded: bytes
    said_at: float
    name: str | None = None
    spoken: Spoken | None = None


@dataclass(frozen=True, slots=True)
class LineArrived:
    """A line is here, in its author's turn. Its text is still coded."""

    line: Arrived


@dataclass(frozen=True, slots=True)
class MarksChanged:
    """Who has these lines of ours has changed."""

    numbers: range


LineEvent: TypeAlias = LineArrived | MarksChanged
