"""Recordings to code, at the rate that a codec wants them, and what a codec makes of them: packets, and sound again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from node.speech import dialogue, sound_files
from node.speech.pcm import SAMPLE_RATE, Pcm, samples_of
from protocol.errors import NodeError, UsageError

# ESTOI and PESQ want some speech to judge by.
SHORTEST_S = 1.0

# Of what was decoded, on the page.
EXCERPT_S = 8.0

_BLOCKS_A_SECOND = 50

# For each packet, whether it is lost.
Lost: TypeAlias = Sequence[bool]


def recordings_in(folder: Path | None) -> list[Path]:
    """Return the WAV files of a folder, in order of their names; without one the turns of the shipped dialogue.

    Raises UsageError if the folder has none.
    """
    if folder is None:
        return [turn.path for turn in dialogue.shipped()]
    found = sorted(folder.glob("*.wav"))
    if not found:
        raise UsageError(f"there are no recordings in {str(folder)!r}: name a folder with WAV files")
    return found


@dataclass(frozen=True, slots=True)
class CodedRecording:
    """A coded recording.

    `packets` holds the payload bytes of each packet; `decode` makes int16 sound of `rate` of what a pattern of losses
    leaves, as late as the codec makes it.
    """

    packets: tuple[int, ...]
    rate: int
    decode: Callable[[Lost], Pcm]


@lru_cache(maxsize=8)
def read(path: Path, rate: int = SAMPLE_RATE) -> Pcm:
    """Return the recording as int16 `(samples,)` of `rate`, its last 20 ms filled up with silence.

    Raises NodeError if it cannot be read, or is too short or too silent to be judged.
    """
    blocks = list(sound_files.blocks(path, rate // _BLOCKS_A_SECOND, rate))
    pcm = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
    if len(pcm) < SHORTEST_S * rate or not pcm.any():
        raise NodeError(f"{path} holds no second of speech: give a recording of several seconds")
    return pcm


def excerpt(pcm: Pcm) -> bytes:
    """Return the beginning of 16 kHz sound as an Ogg Opus file so good that only the setting is heard."""
    return sound_files.ogg(pcm[: samples_of(EXCERPT_S)])


def frames_of(pcm: Pcm, samples: int) -> list[Pcm]:
    """Cut sound into frames, the last one filled up with silence."""
    padded = np.pad(pcm, (0, -len(pcm) % samples))
    return list(padded.reshape(-1, samples))


def losses(packets: int, percent: float, seed: int = 7) -> list[bool]:
    """Return a fixed random pattern that loses this share of packets; the first one always arrives."""
    lost = np.random.default_rng(seed).random(packets) < percent / 100
    lost[:1] = False
    return [bool(each) for each in lost]
