"""Changes the speed of speech and not its pitch, as a stream: FFmpeg's atempo."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from node.speech.pcm import SAMPLE_RATE, Pcm, silence

if TYPE_CHECKING:
    import av

# Beyond these speeds speech is not intelligible.
SLOWEST, FASTEST = 0.25, 8.0

# The speeds at which one atempo overlaps pieces; at higher ones it drops some.
_LEAST, _MOST = 0.5, 2.0


class Tempo:
    """A stream of sound at `speed`: 2 makes it half as long. Raises ValueError beyond `SLOWEST` and `FASTEST`."""

    def __init__(self, speed: float) -> None:
        if not SLOWEST <= speed <= FASTEST:
            raise ValueError(f"a speed of {speed:g}, not between {SLOWEST:g} and {FASTEST:g}")
        self.speed = speed
        self._ready = silence(0)
        self._samples = 0
        self._graph = None if speed == 1 else _graph(speed)

    def put(self, pcm: Pcm) -> None:
        """Append int16 `(samples,)` of 16 kHz."""
        if self._graph is None:
            self._ready = np.concatenate([self._ready, pcm])
            return
        import av

        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += len(pcm)
        self._graph.push(frame)
        self._ready = np.concatenate([self._ready, *self._drained()])

    def __len__(self) -> int:
        return len(self._ready)

    def take(self, samples: int) -> Pcm:
        """Take so many samples, or as many as are ready."""
        taken, self._ready = self._ready[:samples], self._ready[samples:]
        return taken

    def _drained(self) -> list[Pcm]:
        import av

        pieces: list[Pcm] = []
        while self._graph is not None:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            if isinstance(frame, av.AudioFrame):
                pieces.append(frame.to_ndarray().reshape(-1).astype(np.int16, copy=False))
        return pieces


def _graph(speed: float) -> av.filter.Graph:
    import av

    graph = av.filter.Graph()
    chain = [
        graph.add_abuffer(sample_rate=SAMPLE_RATE, format="s16", layout="mono", time_base=Fraction(1, SAMPLE_RATE))
    ]
    chain += [graph.add("atempo", f"{factor:.6f}") for factor in _factors(speed)]
    chain += [graph.add("aformat", "sample_fmts=s16:channel_layouts=mono"), graph.add("abuffersink")]
    for before, after in itertools.pairwise(chain):
        before.link_to(after)
    graph.configure()
    return graph


def _factors(speed: float) -> list[float]:
    factors = []
    while not _LEAST <= speed <= _MOST:
        factor = _MOST if speed > 1 else _LEAST
        factors.append(factor)
        speed /= factor
    return [*factors, speed]
