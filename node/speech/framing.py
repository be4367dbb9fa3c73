"""Captured sound cut into frames of another length, when a call changes its settings while the source goes on.

What is cut anew is no longer what was encoded.
"""

from __future__ import annotations

import numpy as np

from node.speech.pcm import Pcm, seconds_of, silence
from node.speech.sources import Captured


class Reframer:
    """Takes pieces of any length and gives frames of the length asked for; what remains waits for the next piece."""

    def __init__(self) -> None:
        self._rest = silence(0)
        self._at = 0.0
        self._skipped = 0
        self._encoded: bytes | None = None

    def put(self, captured: Captured) -> None:
        """Add a piece. After a gap the rest of what was before it, less than a frame, is gap as well."""
        if captured.skipped:
            self._skipped += captured.skipped + len(self._rest)
            self._rest = silence(0)
        self._encoded = None
        if not len(self._rest):
            self._at, self._encoded = captured.at, captured.encoded
        self._rest = np.concatenate([self._rest, captured.pcm])

    def take(self, samples: int) -> Captured | None:
        """Return the next frame of that length, or None until there is enough for it."""
        if len(self._rest) < samples:
            return None
        pcm: Pcm = self._rest[:samples]
        whole = len(self._rest) == samples
        frame = Captured(pcm, self._at, self._skipped, self._encoded if whole else None)
        self._rest = self._rest[samples:]
        self._at += seconds_of(samples)
        self._skipped, self._encoded = 0, None
        return frame
