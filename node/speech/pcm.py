"""PCM, the form of sound inside a node, and the clock that paces it.

Everywhere between a source and a sink sound is mono, 16 kHz, signed 16 bit: a numpy array of shape `(samples,)`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Wideband: the most that speech at these bitrates can use, and a rate libopus takes without resampling.
SAMPLE_RATE = 16_000

# Sinks take 20 ms at a time: short enough to add little delay, long enough for 50 wake-ups a second.
BLOCK_SAMPLES = SAMPLE_RATE * 20 // 1000

# One Opus frame of every profile that bundles: 60 ms.
FRAME_SAMPLES = SAMPLE_RATE * 60 // 1000

FULL_SCALE = 32_768

Pcm = npt.NDArray[np.int16]


def silence(samples: int) -> Pcm:
    """Return `samples` zeros, int16 `(samples,)`."""
    return np.zeros(samples, np.int16)


def samples_of(seconds: float) -> int:
    """Return the number of samples nearest to `seconds`."""
    return round(seconds * SAMPLE_RATE)


def seconds_of(samples: int) -> float:
    """Return the length of `samples` in seconds."""
    return samples / SAMPLE_RATE


def level_dbfs(pcm: Pcm) -> float:
    """Return the RMS level in dB relative to a full-scale square wave; `-inf` for digital silence."""
    if not pcm.any():
        return float("-inf")
    power = float(np.mean(np.square(pcm.astype(np.float64) / FULL_SCALE)))
    return 10 * float(np.log10(power))


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, and waiting for it: the monotonic clock and asyncio, unless a test replaces them."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def sleep_until(self, when: float) -> None:
        """Wait until `when` (on this clock); let other tasks run even if that has passed."""
        await self.sleep(max(0.0, when - self.now()))
