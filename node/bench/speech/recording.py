"""The recordings of a sweep, at the rate that a codec wants them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from node.speech import sound_files
from node.speech.pcm import SAMPLE_RATE, Pcm
from protocol.errors import NodeError

SHORTEST_S = 1.0
"""ESTOI and PESQ want some speech to judge by."""

_BLOCKS_A_SECOND = 50


@lru_cache(maxsize=8)
def read(path: Path, rate: int = SAMPLE_RATE) -> Pcm:
    """Return the recording as int16 `(samples,)` of `rate`, its last 20 ms filled up with silence.

    NodeError when it cannot be read, or is too short or too silent to be judged.
    """
    blocks = list(sound_files.blocks(path, rate // _BLOCKS_A_SECOND, rate))
    pcm = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
    if len(pcm) < SHORTEST_S * rate or not pcm.any():
        raise NodeError(f"{path} holds no second of speech: give a recording of several seconds")
    return pcm
