"""Speech made shorter or longer without changing its pitch, a few milliseconds at a time.

Where two pieces of a frame, a pitch period or some of them apart, are most alike, what lies between them is left out
or said twice, and the two are faded into each other: overlap-add with similar waveforms (Verhelst and Roelands, 1993).
Pauses are alike everywhere, so they give way first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.speech.pcm import Pcm, samples_of

# What is left out or repeated at once: pitch periods from 400 Hz down to 67 Hz.
SHORTEST, LONGEST = samples_of(0.0025), samples_of(0.015)

# How much of the two pieces is compared and faded: a period of most voices.
FADE = samples_of(0.010)

# What must have come together before anything is done.
WORTHWHILE = samples_of(0.0075)

# With so much to make up, the best place is taken even if it is not good. Nothing beyond it is remembered.
URGENT = samples_of(0.020)

# In one frame: enough for 60 ms at four fifths of the speed.
MAX_CHANGES = 4

# Likeness of two pieces above which nobody hears that what lies between them is gone.
ALIKE = 0.6

# Mean square of pieces (-50 dBFS) so quiet that they count as alike.
QUIET_POWER = 100.0**2

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Place:
    """Two pieces, at `at` and `lag` samples later, and how alike they are (at most 1)."""

    at: int
    lag: int
    alike: float


class Stretcher:
    """Changes the speed of one stream of frames. The length comes out right over time, within 20 ms."""

    def __init__(self) -> None:
        self._surplus = 0.0

    def stretch(self, pcm: Pcm, speed: float) -> Pcm:
        """Return the frame in about `len(pcm) / speed` samples; its first and last samples stay what they are."""
        self._surplus += len(pcm) * (1 - 1 / speed)
        if abs(self._surplus) < WORTHWHILE:
            return pcm
        sound = pcm.astype(np.float64)
        for _ in range(MAX_CHANGES):
            sound = self._changed(sound)
        self._surplus = min(max(self._surplus, -URGENT), URGENT)
        return np.rint(sound).astype(np.int16)

    def _changed(self, sound: Samples) -> Samples:
        """Return the frame with one change more, if one is worthwhile and has a good place."""
        surplus = abs(self._surplus)
        place = _best_place(sound, int(surplus) + SHORTEST) if surplus >= WORTHWHILE else None
        if place is None or (place.alike < ALIKE and surplus < URGENT):
            return sound
        if self._surplus > 0:
            self._surplus -= place.lag
            return _left_out(sound, place)
        self._surplus += place.lag
        return _said_twice(sound, place)


def _best_place(sound: Samples, longest: int) -> _Place | None:
    """Return where the frame is most like itself at most `longest` samples later; None if it is too short."""
    longest = min(longest, LONGEST, len(sound) - FADE)
    starts = range(0, len(sound) - FADE - longest + 1, FADE)
    places = [_best_lag(sound, at, longest) for at in starts if longest >= SHORTEST]
    return max(places, key=lambda place: place.alike, default=None)


def _best_lag(sound: Samples, at: int, longest: int) -> _Place:
    piece = sound[at : at + FADE]
    others = np.lib.stride_tricks.sliding_window_view(sound[at : at + longest + FADE], FADE)[SHORTEST:]
    floor = QUIET_POWER * FADE
    power = (np.square(others).sum(axis=1) + np.square(piece).sum()) / 2
    alike = (others @ piece + floor) / (power + floor)
    best = int(np.argmax(alike))
    return _Place(at, best + SHORTEST, float(alike[best]))


def _left_out(sound: Samples, place: _Place) -> Samples:
    later = place.at + place.lag
    return np.concatenate([sound[: place.at], _faded(sound, place.at, later), sound[later + FADE :]])


def _said_twice(sound: Samples, place: _Place) -> Samples:
    later = place.at + place.lag
    return np.concatenate([sound[:later], _faded(sound, later, place.at), sound[place.at + FADE :]])


def _faded(sound: Samples, out: int, into: int) -> Samples:
    ramp = np.linspace(0, 1, FADE)
    return sound[out : out + FADE] * (1 - ramp) + sound[into : into + FADE] * ramp
