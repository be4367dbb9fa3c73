"""What a codec makes of a recording: packets of so many bytes, and what is heard of those that arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from node.speech.pcm import Pcm

Lost: TypeAlias = Sequence[bool]
"""For each packet, whether it is lost."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A coded recording.

    `packets` holds the payload bytes of each packet; `heard` decodes what a pattern of losses leaves to int16 sound
    of `rate`, as late as the codec makes it.
    """

    packets: tuple[int, ...]
    rate: int
    heard: Callable[[Lost], Pcm]


def frames_of(pcm: Pcm, samples: int) -> list[Pcm]:
    """Cut sound into frames, the last one filled up with silence."""
    padded = np.pad(pcm, (0, -len(pcm) % samples))
    return list(padded.reshape(-1, samples))


def losses(packets: int, percent: float, seed: int = 7) -> list[bool]:
    """Return a fixed random pattern that loses this share of packets; the first one always arrives."""
    lost = np.random.default_rng(seed).random(packets) < percent / 100
    lost[:1] = False
    return [bool(each) for each in lost]
