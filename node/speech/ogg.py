"""Ogg Opus files of what was heard."""

from __future__ import annotations

from fractions import Fraction
from typing import IO, Any

from node.speech.pcm import SAMPLE_RATE, Pcm

BITRATE = 28_000
"""Of what was 8 kbit/s once nothing is lost at this rate."""


class OggOpus:
    """Writes 16 kHz sound, piece by piece, into an open file. av's errors and OSError come out as they are."""

    def __init__(self, file: IO[bytes]) -> None:
        import av

        self._av = av
        self._container = av.open(file, "w", format="ogg")
        stream: Any = self._container.add_stream(
            "libopus", rate=SAMPLE_RATE, layout="mono", options={"frame_duration": "60", "application": "audio"}
        )
        stream.bit_rate = BITRATE
        self._stream = stream
        self._samples = 0

    def sound(self, pcm: Pcm) -> None:
        """Go on with int16 `(samples,)`."""
        frame = self._av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += len(pcm)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write the end."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
