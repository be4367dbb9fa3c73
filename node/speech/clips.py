"""Sound files: any that PyAV reads, streamed block by block as mono."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from node.speech.sound import SAMPLE_RATE, Pcm
from protocol.errors import NodeError


def blocks(path: Path, samples: int, rate: int = SAMPLE_RATE) -> Iterator[Pcm]:
    """Yield the file's sound as int16 `(samples,)` of `rate`, the last block filled up with silence.

    Nothing more than a block and what the decoder holds is in memory. NodeError, naming the file, when it is
    missing, is no media file, has no sound, or breaks off in the middle.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise NodeError(f"{path} has no sound in it")
            for frame in _resampled(container, samples, rate):
                pcm = frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)
                yield pcm if len(pcm) == samples else np.pad(pcm, (0, samples - len(pcm)))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise NodeError(f"cannot read sound from {path}: {_reason(error)}") from None


def check(path: Path) -> None:
    """Raise NodeError unless the file begins with some sound."""
    if next(blocks(path, samples=1), None) is None:
        raise NodeError(f"{path} has no sound in it")


def _resampled(container: av.container.InputContainer, samples: int, rate: int) -> Iterator[av.AudioFrame]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate, frame_size=samples)
    for frame in container.decode(audio=0):
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
