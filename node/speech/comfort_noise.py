"""Comfort noise: the background of the peer's room, in place of what is not sent in a pause.

Digital silence between the words sounds like a broken line. So the receive stream learns the background from the quiet
moments that were sent, and fills pauses with noise of the same colour and level.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from node.speech.pcm import BLOCK_SAMPLES, FULL_SCALE, Pcm, level_dbfs, silence

# What is louder is no background, or one that should not be prolonged.
LOUDEST_DBFS = -45.0

# What is quieter is silence.
QUIETEST_DBFS = -80.0

# By so much the floor rises with each block, for rooms that become louder (5 dB/s).
RISE_DB = 0.1

# A block this near to the floor is background.
NEAR_DB = 4.0

# The newest block's share of the learned spectrum.
NEWEST_SHARE = 0.2

_HOP = BLOCK_SAMPLES // 2
_WINDOW = np.sin(np.pi * (np.arange(BLOCK_SAMPLES) + 0.5) / BLOCK_SAMPLES)

Spectrum = npt.NDArray[np.float64]


class ComfortNoise:
    """A generator of noise like the background of the decoded speech that it learns from."""

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        self._rng = rng or np.random.default_rng()
        self._floor_dbfs = 0.0
        self._spectrum: Spectrum | None = None
        self._tail = np.zeros(_HOP)
        self._rest = silence(0)
        self._ready = silence(0)

    def learn(self, pcm: Pcm) -> None:
        """Learn the background of decoded sound, int16 `(samples,)`; what is no whole block waits for the next."""
        sound = np.concatenate([self._rest, pcm]) if len(self._rest) else pcm
        whole = len(sound) - len(sound) % BLOCK_SAMPLES
        self._rest = sound[whole:]
        for block in sound[:whole].reshape(-1, BLOCK_SAMPLES):
            level = max(level_dbfs(block), QUIETEST_DBFS)
            self._floor_dbfs = min(level, self._floor_dbfs + RISE_DB)
            if level <= min(self._floor_dbfs + NEAR_DB, LOUDEST_DBFS):
                self._add(block)

    def make(self, samples: int) -> Pcm:
        """Return noise, int16 `(samples,)`; silence as long as no background was learned."""
        if self._spectrum is None:
            return silence(samples)
        while len(self._ready) < samples:
            self._ready = np.concatenate([self._ready, self._more(self._spectrum)])
        made, self._ready = self._ready[:samples], self._ready[samples:]
        return made

    def _add(self, block: Pcm) -> None:
        """Average the block into the spectrum, as powers: the level is to be that of the background."""
        power = np.abs(np.fft.rfft(block * _WINDOW)) ** 2
        before = power if self._spectrum is None else self._spectrum
        self._spectrum = before + (power - before) * NEWEST_SHARE

    def _more(self, spectrum: Spectrum) -> Pcm:
        """Return the next half block: the learned amplitudes with new phases, overlapped with the half before it."""
        phases = np.exp(2j * np.pi * self._rng.random(len(spectrum)))
        block = np.fft.irfft(np.sqrt(spectrum) * phases, BLOCK_SAMPLES) * _WINDOW * np.sqrt(2)
        head, self._tail = block[:_HOP] + self._tail, block[_HOP:]
        pcm: Pcm = np.clip(np.rint(head), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
        return pcm
