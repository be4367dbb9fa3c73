"""Measures of how speech sounds after a codec: ESTOI, PESQ narrow and wide; ViSQOL and DistillMOS if wanted.

Each is a package of the extras `sweep`, `visqol` and `mos`; one that is not installed is left out. DistillMOS judges
by itself, the others against the recording.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from node.bench.speech import no_reference
from node.speech.pcm import FULL_SCALE, SAMPLE_RATE, Pcm

NARROW_RATE = 8_000

# Samples: no codec here delays by more than 200 ms, its frames included.
MAX_DELAY = SAMPLE_RATE // 5

# Samples over which loudness is smoothed. A codec that models speech keeps no waveform, but loudness it keeps.
ENVELOPE = SAMPLE_RATE // 200

# Samples that are judged by PESQ at once: P.862 is for 8 to 30 s.
MAX_PESQ = 30 * SAMPLE_RATE

# The ends of P.862.2's scale.
WORST_PESQ, BEST_PESQ = 1.04, 4.64


@dataclass(frozen=True, slots=True)
class SpeechScores:
    """ESTOI (0 to 1); PESQ, ViSQOL and DistillMOS (`mos`), all MOS, 1 to 5. None where it was not measured."""

    estoi: float | None = None
    pesq_nb: float | None = None
    pesq_wb: float | None = None
    visqol: float | None = None
    mos: float | None = None

    @property
    def quality(self) -> float | None:
        """One figure from 0 to 1: the mean of ESTOI and PESQ wide on its own scale, or the one that there is."""
        scaled = None if self.pesq_wb is None else (self.pesq_wb - WORST_PESQ) / (BEST_PESQ - WORST_PESQ)
        return _mean([self.estoi, scaled])


def mean(scores: Sequence[SpeechScores]) -> SpeechScores:
    """Return the means of several recordings' scores."""
    return SpeechScores(*(_mean([getattr(each, name) for each in scores]) for name in SpeechScores.__slots__))


def missing(visqol: bool, mos: bool = False) -> Iterator[str]:
    """Yield which measures are left out, and what to do about it."""
    wanted = {"pystoi": ("ESTOI", "sweep"), "pesq": ("PESQ", "sweep")}
    if visqol:
        wanted["visqol"] = ("ViSQOL", "visqol")
    if mos:
        wanted["distillmos"] = ("DistillMOS", "mos")
    for package, (measure, extra) in wanted.items():
        if find_spec(package) is None:
            yield f"{measure} is left out: pip install 'pictophone[{extra}]'"


def scores(reference: Pcm, decoded: Pcm, visqol: bool = False, mos: bool = False) -> SpeechScores:
    """Judge decoded sound against the recording, both 16 kHz; it may be late, and begin anywhere."""
    aligned = align(reference, decoded)
    return SpeechScores(
        _tried("pystoi", lambda: _estoi(reference, aligned)),
        pesq(reference, aligned, NARROW_RATE, "nb"),
        pesq(reference, aligned, SAMPLE_RATE, "wb"),
        _tried("visqol", lambda: _visqol(reference, aligned)) if visqol else None,
        _tried("distillmos", lambda: no_reference.distillmos(aligned)) if mos else None,
    )


def pesq(reference: Pcm, aligned: Pcm, rate: int, band: str) -> float | None:
    """Return PESQ of both at this rate, narrow (`nb`) or wide (`wb`), or None: of long sound the mean of its pieces.

    The reference implementation has room for fifty utterances, and ends the process when there are more.
    """
    count = max(1, math.ceil(len(reference) / MAX_PESQ))
    pieces = zip(np.array_split(reference, count), np.array_split(aligned, count), strict=True)
    return _mean([_tried("pesq", partial(_pesq, before, after, rate, band)) for before, after in pieces])


def align(reference: Pcm, decoded: Pcm) -> Pcm:
    """Return decoded sound, moved to where it fits the reference best, and as long as that."""
    lag = _lag(_loudness(reference), _loudness(decoded))
    moved = decoded[lag:] if lag >= 0 else np.concatenate([np.zeros(-lag, np.int16), decoded])
    return np.pad(moved, (0, max(0, len(reference) - len(moved))))[: len(reference)]


def _lag(reference: Any, decoded: Any) -> int:
    """Return how many samples later the decoded is: where the two, multiplied, add up to the most."""
    size = len(reference) + len(decoded)
    matches = np.fft.irfft(np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(reference, size)), size)
    lags = np.arange(-MAX_DELAY, MAX_DELAY + 1)
    return int(lags[np.argmax(matches[lags])])


def _loudness(pcm: Pcm) -> Any:
    smooth = np.convolve(np.abs(pcm.astype(np.float64)), np.ones(ENVELOPE), "same")
    return smooth - smooth.mean()


def resampled(pcm: Pcm, rate: int, wanted: int) -> Pcm:
    """Return sound of one rate at another."""
    if rate == wanted:
        return pcm
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=wanted)
    frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.sample_rate = rate
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray().reshape(-1).astype(np.int16, copy=False) for part in parts])


def _tried(package: str, measure: Callable[[], float]) -> float | None:
    """Return the measure, or None: its package is missing, or it finds no speech in what was decoded."""
    if find_spec(package) is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = measure()
    except (ArithmeticError, RuntimeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _estoi(reference: Pcm, decoded: Pcm) -> float:
    from pystoi import stoi

    return float(stoi(reference, decoded, SAMPLE_RATE, extended=True))


def _pesq(reference: Pcm, decoded: Pcm, rate: int, band: str) -> float:
    from pesq import pesq

    pair = [resampled(pcm, SAMPLE_RATE, rate) for pcm in (reference, decoded)]
    return float(pesq(rate, *pair, band))


def _visqol(reference: Pcm, decoded: Pcm) -> float:
    pair = [pcm / FULL_SCALE for pcm in (reference, decoded)]
    return float(_visqol_api().measure_from_arrays(*pair, SAMPLE_RATE).moslqo)


@cache
def _visqol_api() -> Any:
    from visqol import VisqolApi

    api = VisqolApi()
    api.create(mode="speech")
    return api


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
