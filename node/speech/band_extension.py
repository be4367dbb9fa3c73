"""The high band of speech, 4 to 8 kHz: measured where it is sent, and made again beside narrowband where it is heard.

What is sent of it are levels (see `protocol.speech.high_band`). What is heard is noise of these levels, and a share
of the low band folded upwards, which keeps the rhythm of the voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from node.speech.pcm import FULL_SCALE, SAMPLE_RATE, Pcm, samples_of
from protocol.speech.high_band import BANDS, BLOCK_MS, EDGES_HZ, FLOOR_DB, LEVELS, STEP_DB, BlockGains, Gains

Sound = npt.NDArray[np.float32]

BLOCK = samples_of(BLOCK_MS / 1000)

# Samples by which decoded speech is later than what was encoded: libopus's own lookahead. Sound is measured that much
# later, so that the levels of a packet are those of what its decoder makes.
CODEC_DELAY = 104

# Samples of the filters: so long that a voice at 1 kHz, 60 dB louder, is not measured as high.
TAPS = 97

# The share of the high band in its strongest 300 Hz, from which on it is no noise: noise has .3, voices .3 to .6.
TONAL = 0.8
TONAL_AT_ONCE = 0.98
PEAK_BINS = 6

# So much of what was measured before counts with each frame of 60 ms: about half a second of it.
REMEMBERED = 0.88

# The noise is made this much weaker than the band was: steady noise is more conspicuous than what a voice makes.
WEAKER_DB = 3.0

# A third of the power is the folded low band, the rest noise.
FOLDED_AMPLITUDE, NOISE_AMPLITUDE = np.float32(0.58), np.float32(0.81)

# Samples in which one level goes over to the next.
RAMP = samples_of(0.004)

# What is concealed loses the band by this factor a second and more: to a tenth in 60 ms.
CONCEALED_S = 0.025

# Samples of noise that are used again and again, for each band from elsewhere.
NOISE = 4 * SAMPLE_RATE

# Samples of a Fourier transform that filters a frame of 60 ms, and of one for up to 120 ms: the frame, the filter, and
# what makes the length a product of small numbers.
FFT, LONG_FFT = 1080, 2048
MOST = LONG_FFT - TAPS

# Samples between two means of power.
CELL = 16

# Amplitudes of the folded band beyond this many times its mean are cut: an onset must not crackle.
MOST_PEAK = 3.0

_BIN_HZ = SAMPLE_RATE / BLOCK


class HighBandMeter:
    """Measures the high band of what one encoder is given, frame by frame."""

    def __init__(self) -> None:
        self._past = np.zeros(CODEC_DELAY + TAPS // 2)
        self._peaks = self._total = 0.0
        self._share = 0.0

    def reset(self) -> None:
        """Forget what was before: what follows does not continue it."""
        self._past[:] = 0

    def levels(self, pcm: Pcm) -> Gains:
        """Return the levels of each 20 ms that the decoder will make of a frame of 20, 40 or 60 ms."""
        sound = np.concatenate([self._past, pcm])
        self._past = sound[len(pcm) :]
        high = np.convolve(sound[: len(pcm) + TAPS - 1], _high_pass(), "valid")
        blocks = high.reshape(-1, BLOCK)
        self._note_peaks(blocks)
        powers = np.square(np.abs(np.fft.rfft(blocks)))
        sums = np.add.reduceat(powers, _first_bins(), axis=1) * 2 / BLOCK**2
        steps = np.rint((10 * np.log10(sums + 1e-9) - FLOOR_DB) / STEP_DB)
        return tuple(tuple(map(int, block)) for block in np.clip(steps, 0, LEVELS - 1))

    @property
    def helps(self) -> bool:
        """Whether noise is a likeness of the band as it was lately: it is none of tones."""
        return self._peaks < TONAL * self._total and self._share < TONAL_AT_ONCE

    def _note_peaks(self, blocks: npt.NDArray[np.float64]) -> None:
        powers = np.square(np.abs(np.fft.rfft(blocks * np.hanning(BLOCK))))[:, _first_bins()[0] :]
        peaks, total = np.partition(powers, -PEAK_BINS)[:, -PEAK_BINS:].sum(), powers.sum() + 1.0
        self._share = float(peaks / total)
        self._peaks = self._peaks * REMEMBERED + float(peaks)
        self._total = self._total * REMEMBERED + float(total)


class HighBandFiller:
    """Adds the high band to one sender's decoded narrowband speech."""

    def __init__(self) -> None:
        self._level = np.zeros(BANDS, np.float32)
        self._past = np.zeros(TAPS - 1, np.float32)
        self._at = 0

    def fill(self, pcm: Pcm, gains: Gains | None) -> Pcm:
        """Return a decoded frame with the band of these levels, or without (None), int16 `(samples,)`."""
        wanted = np.zeros((1, BANDS), np.float32) if gains is None else _amplitudes(gains)
        if not (wanted.any() or self._level.any()):
            self._pass_by(pcm)
            return pcm
        course = self._course(wanted, len(pcm))
        self._level = wanted[-1]
        return self._added(pcm, course)

    def fade(self, pcm: Pcm) -> Pcm:
        """Return sound that the decoder made up, with what is left of the band: it fades."""
        if not self._level.any():
            self._pass_by(pcm)
            return pcm
        course = self._level[:, None] * np.exp(-np.arange(1, len(pcm) + 1) / (CONCEALED_S * SAMPLE_RATE))
        self._level = np.where(course[:, -1] < 1, 0, course[:, -1]).astype(np.float32)
        return self._added(pcm, course.astype(np.float32))

    def _course(self, wanted: Sound, samples: int) -> Sound:
        """Return the amplitude of each band at each sample, `(BANDS, samples)`: each block begins with a ramp."""
        before = np.vstack([self._level, wanted[:-1]])
        ramp = np.minimum(np.arange(1, BLOCK + 1) / RAMP, 1).astype(np.float32)
        blocks = before[:, :, None] + (wanted - before)[:, :, None] * ramp
        course = blocks.transpose(1, 0, 2).reshape(BANDS, -1)[:, :samples]
        missing = samples - course.shape[1]
        return np.pad(course, ((0, 0), (0, missing)), "edge") if missing else course

    def _added(self, pcm: Pcm, course: Sound) -> Pcm:
        noise = _noises()[:, self._at % NOISE :][:, : len(pcm)]
        excitation = noise * NOISE_AMPLITUDE + self._folded(pcm) * FOLDED_AMPLITUDE
        made = pcm + np.einsum("bt,bt->t", excitation, course)
        filled: Pcm = np.clip(np.rint(made), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
        return filled

    def _folded(self, pcm: Pcm) -> Sound:
        """Return the low band mirrored at 4 kHz in each band, its power everywhere about 1: `(BANDS, samples)`."""
        mirrored = self._pass_by(pcm)
        size = FFT if len(mirrored) <= FFT else LONG_FFT
        spectrum = np.fft.rfft(mirrored, size) * _band_passes(size)
        bands = np.fft.irfft(spectrum, size)[:, TAPS - 1 : len(mirrored)].astype(np.float32)
        even = np.clip(bands / np.sqrt(_powers_around(bands) + 1), -MOST_PEAK, MOST_PEAK)
        return np.asarray(even, np.float32)

    def _pass_by(self, pcm: Pcm) -> Sound:
        """Move on by decoded sound; return it mirrored at 4 kHz, behind what the filters need of the sound before."""
        signs = 1 - 2 * ((self._at + np.arange(len(pcm))) % 2)
        mirrored = np.concatenate([self._past, (pcm * signs).astype(np.float32)])
        self._past = mirrored[len(pcm) :]
        self._at += len(pcm)
        return mirrored


def _powers_around(bands: Sound) -> Sound:
    """Return the mean power of each band within half a block of each sample, about, as far as there is sound."""
    samples = bands.shape[1]
    padded = np.pad(bands, ((0, 0), (0, -samples % CELL))) if samples % CELL else bands
    cells = np.square(padded).reshape(BANDS, -1, CELL).sum(2)
    count, half = cells.shape[1], BLOCK // CELL // 2
    sums = np.hstack([np.zeros((BANDS, 1), np.float32), np.cumsum(cells, axis=1)])
    ends, begins = np.minimum(np.arange(count) + half + 1, count), np.maximum(np.arange(count) - half, 0)
    means = (sums[:, ends] - sums[:, begins]) / ((ends - begins) * np.float32(CELL))
    return np.asarray(np.repeat(means, CELL, axis=1)[:, :samples])


def _amplitudes(gains: Sequence[BlockGains]) -> Sound:
    """Return the root mean square of levels; 0 for level 0."""
    levels = np.array(gains, np.float32)
    return np.where(levels > 0, 10 ** ((levels * STEP_DB + FLOOR_DB - WEAKER_DB) / 20), 0).astype(np.float32)


@cache
def _first_bins() -> npt.NDArray[np.intp]:
    """Return the first bin of each band in the spectrum of one block; the last band has all the rest."""
    return np.array([round(edge / _BIN_HZ) for edge in EDGES_HZ[:-1]])


@cache
def _high_pass() -> Sound:
    """Return a filter that leaves what is above the lowest band's edge: a low pass, taken from the whole."""
    filter_ = -_low_pass(EDGES_HZ[0] - 100)
    filter_[TAPS // 2] += 1
    return filter_


@cache
def _band_passes(size: int) -> npt.NDArray[np.complex64]:
    """Return the spectrum of a filter for each band, `(BANDS, size // 2 + 1)`."""
    filters = [_low_pass(high) - _low_pass(low) for low, high in pairwise(EDGES_HZ)]
    return np.fft.rfft(filters, size).astype(np.complex64)


def _low_pass(hertz: float) -> Sound:
    """Return the windowed ideal low pass of this cut-off; at half the rate that is everything."""
    times = np.arange(TAPS) - TAPS // 2
    share = 2 * hertz / SAMPLE_RATE
    return np.asarray(share * np.sinc(share * times) * np.hamming(TAPS), np.float32)


@cache
def _noises() -> Sound:
    """Return noise of power 1 in each band, `(BANDS, NOISE + MOST)`, whose end is its beginning once more.

    It is the same in every run, so that a recording sounds the same each time.
    """
    spectrum = np.fft.rfft(np.random.default_rng(4000).standard_normal(NOISE))
    hertz = np.fft.rfftfreq(NOISE, 1 / SAMPLE_RATE)
    inside = [(low <= hertz) & (hertz < high) for low, high in pairwise(EDGES_HZ)]
    noises = np.fft.irfft(spectrum * np.array(inside), NOISE)
    even = (noises / np.sqrt(np.mean(np.square(noises), axis=1, keepdims=True))).astype(np.float32)
    return np.hstack([even, even[:, :MOST]])
