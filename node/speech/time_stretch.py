"""Time stretching: speech becomes shorter or longer at the same pitch, a few milliseconds at a time.

Where two pieces of a frame, one or more pitch periods apart, are most similar, the sound between them is left out or
repeated, and the two are cross-faded: overlap-add with similar waveforms (WSOLA, Verhelst and Roelands, 1993). Pauses
are similar everywhere, so they are changed first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.speech.pcm import Pcm, samples_of

# Samples that are left out or repeated at once: pitch periods from 400 Hz down to 67 Hz.
SHORTEST, LONGEST = samples_of(0.0025), samples_of(0.015)

# Samples of the two pieces that are compared and cross-faded: a period of most voices. Of a shorter frame it is half.
FADE = samples_of(0.010)

# Samples of surplus from which a change is made.
WORTHWHILE = samples_of(0.0075)

# Samples of surplus from which the best splice is taken even if it is not good. More is not remembered.
URGENT = samples_of(0.020)

# Changes in one frame: enough for 60 ms at four fifths of the speed.
MAX_CHANGES = 4

# Similarity of two pieces above which a splice between them cannot be heard.
SIMILAR = 0.6

# Mean square of pieces (-50 dBFS) so quiet that they count as similar.
QUIET_POWER = 100.0**2

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Splice:
    """Two pieces of `fade` samples, at sample `at` and `lag` samples later, and their similarity (at most 1)."""

    at: int
    lag: int
    similarity: float
    fade: int


class Stretcher:
    """The changing speed of one stream of frames. Its length is right over time, within 20 ms."""

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
        """Return the frame with one more change, if one is worthwhile and a good splice exists."""
        surplus = abs(self._surplus)
        splice = _best_splice(sound, int(surplus) + SHORTEST) if surplus >= WORTHWHILE else None
        if splice is None or (splice.similarity < SIMILAR and surplus < URGENT):
            return sound
        if self._surplus > 0:
            self._surplus -= splice.lag
            return _shortened(sound, splice)
        self._surplus += splice.lag
        return _lengthened(sound, splice)


def _best_splice(sound: Samples, longest: int) -> _Splice | None:
    """Return where the frame is most similar to itself at most `longest` samples later; None if it is too short."""
    fade = min(FADE, len(sound) // 2)
    longest = min(longest, LONGEST, len(sound) - fade)
    starts = range(0, len(sound) - fade - longest + 1, fade) if longest >= SHORTEST else ()
    return max((_best_lag(sound, at, longest, fade) for at in starts), key=lambda one: one.similarity, default=None)


def _best_lag(sound: Samples, at: int, longest: int, fade: int) -> _Splice:
    piece = sound[at : at + fade]
    others = np.lib.stride_tricks.sliding_window_view(sound[at : at + longest + fade], fade)[SHORTEST:]
    floor = QUIET_POWER * fade
    power = (np.square(others).sum(axis=1) + np.square(piece).sum()) / 2
    similarity = (others @ piece + floor) / (power + floor)
    best = int(np.argmax(similarity))
    return _Splice(at, best + SHORTEST, float(similarity[best]), fade)


def _shortened(sound: Samples, splice: _Splice) -> Samples:
    later = splice.at + splice.lag
    faded = _faded(sound, splice.at, later, splice.fade)
    return np.concatenate([sound[: splice.at], faded, sound[later + splice.fade :]])


def _lengthened(sound: Samples, splice: _Splice) -> Samples:
    later = splice.at + splice.lag
    faded = _faded(sound, later, splice.at, splice.fade)
    return np.concatenate([sound[:later], faded, sound[splice.at + splice.fade :]])


def _faded(sound: Samples, out: int, into: int, fade: int) -> Samples:
    ramp = np.linspace(0, 1, fade)
    return sound[out : out + fade] * (1 - ramp) + sound[into : into + fade] * ramp
