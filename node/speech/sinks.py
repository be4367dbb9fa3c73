"""Sinks without a device: each pulls sound at the pace of its clock, as a loudspeaker does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from node.speech.audio_io import Pull, Underruns
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Clock, Pcm, samples_of, seconds_of, silence
from node.speech.playback_buffer import BLOCK_MS, DEVICE_BLOCKS, BufferDepth
from node.speech.wav_file import WavFile

logger = logging.getLogger(__name__)

# Samples. The longest gap that is played as silence; a longer one is a machine that slept, and is cut to this.
MAX_GAP = SAMPLE_RATE


class NullSink:
    """A sink that plays nothing, at 16,000 samples a second of the monotonic clock, out of a buffer of so many blocks.

    Its clock counts samples from the start, so it never drifts. A wake-up later than the buffer lasts is one
    underrun, and the gap is played as silence, as a real device does; the buffer is deeper then (`BufferDepth`).
    """

    def __init__(self, clock: Clock | None = None, blocks: int = DEVICE_BLOCKS) -> None:
        self.underruns = Underruns()
        self._clock, self._depth = clock or Clock(), BufferDepth(blocks)

    @property
    def latency_ms(self) -> float:
        """The latency of the buffer, without the block that is being played."""
        return (self._depth.blocks - 1) * BLOCK_MS

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""
        start, written = self._clock.now(), 0
        while True:
            played = samples_of(self._clock.now() - start)
            if played > written:
                self.underruns.note(seconds_of(played))
                gap = min(played - written, MAX_GAP)
                start += seconds_of(played - written - gap)
                self._play(silence(gap))
                written, played = written + gap, written + gap
                self._depth.ran_dry(gap / BLOCK_SAMPLES)
            elif written:
                self._depth.left((written - played) / BLOCK_SAMPLES)
            ahead = (self._depth.blocks - 1) * BLOCK_SAMPLES
            while written - played <= ahead:
                self._play(pull(BLOCK_SAMPLES))
                written += BLOCK_SAMPLES
            await self._clock.sleep_until(start + seconds_of(written - ahead))

    def _play(self, pcm: Pcm) -> None:
        """Discard the sound; a subclass does something with it."""


class WavSink(NullSink):
    """A sink of the same pace that writes a WAV file, which is valid at any time, even after a kill.

    Raises NodeError if the file cannot be made. If it cannot be written any more, `note` gets a line, and the rest of
    the sound is discarded.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        blocks: int = DEVICE_BLOCKS,
        note: Callable[[str], None] = logger.info,
    ) -> None:
        super().__init__(clock, blocks)
        self._file = WavFile(path, note)

    async def run(self, pull: Pull) -> None:
        """Write what `pull` gives until cancelled, then close the file."""
        try:
            await super().run(pull)
        finally:
            await self._file.close()

    def _play(self, pcm: Pcm) -> None:
        self._file.put(pcm)
