"""Where speech goes: each sink pulls sound at the pace of its own clock, as a loudspeaker does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from node.speech.buffer_depth import BufferDepth
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Clock, Pcm, samples_of, seconds_of, silence
from node.speech.wav_file import WavFile
from protocol.errors import NodeError

logger = logging.getLogger(__name__)

BLOCK_MS = BLOCK_SAMPLES * 1000 / SAMPLE_RATE

DEVICE_BLOCKS = 4
"""Blocks an emulated device holds: 80 ms, so that a wake-up may come 60 ms late unheard; on shared machines a process
was seen to wait 50 ms for a core."""

SHALLOW_BLOCKS = 2
"""The same for those who want little delay."""

SHORT_PACKET_MS = 60
"""Who sends no longer packets than this wants little delay."""

SETTLING_SECONDS = 1.0
"""A call that begins is setting itself up; an underrun after that is a fault."""

START_SECONDS = 5.0
"""What a start takes of a machine with less than one core; an underrun after that is a fault there, too."""

MAX_GAP = SAMPLE_RATE
"""The longest gap that is played as silence. A longer one is a machine that slept, and is cut to this."""

Pull = Callable[[int], Pcm]
"""Gives exactly the asked number of samples, int16 `(n,)`, at once: silence when there is nothing else."""


def blocks_for(packet_ms: float) -> int:
    """Return how many blocks a device begins with, for someone who talks in packets of so many milliseconds."""
    return SHALLOW_BLOCKS if packet_ms <= SHORT_PACKET_MS else DEVICE_BLOCKS


class Underruns:
    """How often a sink ran dry, and when, in seconds since it began."""

    def __init__(self) -> None:
        self.count = 0
        self.settled = 0
        self.late = 0
        self.first_at: float | None = None

    def note(self, at: float) -> None:
        """Count one at `at` seconds after the sink began."""
        self.count += 1
        self.settled += at > SETTLING_SECONDS
        self.late += at > START_SECONDS
        if self.first_at is None:
            self.first_at = at


class Sink(Protocol):
    """Plays what it pulls until cancelled.

    `latency_ms` is the time from a block being pulled to its first sample being heard.
    """

    @property
    def latency_ms(self) -> float: ...

    @property
    def underruns(self) -> Underruns: ...

    async def run(self, pull: Pull) -> None:
        """Pull and play for ever."""


class ForwardingSink:
    """A sink in front of another one, whose latency and underruns are its own. What it adds is in `run`."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    @property
    def latency_ms(self) -> float:
        """See Sink.latency_ms."""
        return self.sink.latency_ms

    @property
    def underruns(self) -> Underruns:
        """See Sink.underruns."""
        return self.sink.underruns

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""
        await self.sink.run(pull)


class NullSink:
    """A device in name only: plays 16,000 samples a second of the monotonic clock, out of a buffer of so many blocks.

    Its clock counts samples from the start, so it never drifts. A wake-up later than the buffer lasts is one
    underrun, and the gap is played as silence, as a real device does; the buffer is deeper then (`BufferDepth`).
    """

    def __init__(self, clock: Clock | None = None, blocks: int = DEVICE_BLOCKS) -> None:
        self.underruns = Underruns()
        self._clock, self._depth = clock or Clock(), BufferDepth(blocks)

    @property
    def latency_ms(self) -> float:
        """The buffer's, without the block that is being played."""
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
        """Hear nothing."""


class WavSink(NullSink):
    """The same device, keeping what it plays in a WAV file that is valid at any time, even after a kill.

    NodeError when the file cannot be made. When it cannot be written any more, `note` takes a line, and what is played
    is kept no longer.
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
        """Play and keep what `pull` gives until cancelled, then close the file."""
        try:
            await super().run(pull)
        finally:
            await self._file.close()

    def _play(self, pcm: Pcm) -> None:
        self._file.put(pcm)


def open_sink(
    spec: str | None,
    clock: Clock | None = None,
    note: Callable[[str], None] = logger.info,
    blocks: int = DEVICE_BLOCKS,
) -> tuple[Sink, str]:
    """Return the sink that `spec` names, and a line to show the user (or an empty one).

    `default` is the default loudspeaker, `none` plays nothing, anything else is a WAV file to write. Not
    asking (None) takes the loudspeaker if there is one and nothing otherwise, which the line then says.
    `note` takes a line when a loudspeaker comes or goes, or the file cannot be written on; `blocks` of 20 ms is how
    deep the device's buffer begins. NodeError when what was asked for cannot be had.
    """
    from node.speech.loudspeaker import Loudspeaker

    match spec:
        case None:
            try:
                return Loudspeaker(clock, note, blocks), ""
            except NodeError as error:
                return NullSink(clock, blocks), f"nothing will be heard: {error}"
        case "default":
            return Loudspeaker(clock, note, blocks), ""
        case "none":
            return NullSink(clock, blocks), ""
        case _:
            return WavSink(_wav(spec), clock, blocks, note), ""


def _wav(spec: str) -> Path:
    path = Path(spec)
    if path.suffix.lower() != ".wav":
        raise NodeError(f"a loudspeaker is 'default', 'none' or a file that ends in .wav, not {spec!r}")
    return path
