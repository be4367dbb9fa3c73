"""The ends of a node's sound: what every source, such as a microphone, and every sink, such as a loudspeaker, is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from node.speech.pcm import Pcm

# Seconds. A call that begins is setting itself up; an underrun after that is a fault.
SETTLING_SECONDS = 1.0

# Seconds that a start takes on a machine with less than one core; an underrun after that is a fault there, too.
START_SECONDS = 5.0

# Returns exactly the number of samples that it is called with, int16 `(n,)`, at once: silence when there is no sound.
Pull = Callable[[int], Pcm]


@dataclass(frozen=True, slots=True)
class Captured:
    """One frame of sound.

    `pcm` is int16 `(frame,)`; `at` the monotonic time at which its first sample was captured; `skipped` the number of
    samples lost just before it. `encoded` is the same sound as one Opus frame, if the source delivers Opus: it can be
    sent as it is where no other encoding is needed.
    """

    pcm: Pcm
    at: float
    skipped: int = 0
    encoded: bytes | None = None


class Source(Protocol):
    """An asynchronous iterator of frames of one length, until the sound ends; closing it releases the device."""

    def __aiter__(self) -> AsyncIterator[Captured]: ...


class Underruns:
    """How often a sink ran dry, and when, in seconds since it began."""

    def __init__(self) -> None:
        self.count = 0
        self.settled = 0
        self.late = 0
        self.first_at: float | None = None

    def note(self, at: float) -> None:
        """Count one at `at` seconds after the sink began."""
        self.count += 1
        self.settled += at > SETTLING_SECONDS
        self.late += at > START_SECONDS
        if self.first_at is None:
            self.first_at = at


class Sink(Protocol):
    """An end that plays what it pulls until cancelled.

    `latency_ms` is the time from a block being pulled to its first sample being played.
    """

    @property
    def latency_ms(self) -> float: ...

    @property
    def underruns(self) -> Underruns: ...

    async def run(self, pull: Pull) -> None:
        """Pull and play until cancelled."""


class ForwardingSink:
    """A sink in front of another one, whose latency and underruns are its own. What it adds is in `run`."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    @property
    def latency_ms(self) -> float:
        """See Sink.latency_ms."""
        return self.sink.latency_ms

    @property
    def underruns(self) -> Underruns:
        """See Sink.underruns."""
        return self.sink.underruns

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""
        await self.sink.run(pull)
