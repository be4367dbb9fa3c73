"""What stands between a node and its microphone and loudspeaker: level meters, and the mute."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from node.speech.audio_io import Captured, ForwardingSink, Pull, Sink, Source
from node.speech.levels import LevelMeter
from node.speech.pcm import Pcm, level_dbfs, seconds_of, silence


@dataclass
class MeteredSource:
    """A source whose level is seen, and of which nothing is heard while it is `muted`: not even by the encoder."""

    source: Source
    level: LevelMeter
    muted: bool = False

    async def __aiter__(self) -> AsyncIterator[Captured]:
        """Yield the frames of the source."""
        async for captured in self.source:
            seconds = seconds_of(len(captured.pcm))
            kept = replace(captured, pcm=silence(len(captured.pcm)), encoded=None) if self.muted else captured
            self.level.muted_s += seconds if self.muted else 0.0
            self.level.add(level_dbfs(kept.pcm), seconds)
            yield kept


class MeteredSink(ForwardingSink):
    """A sink whose level is seen."""

    def __init__(self, sink: Sink, level: LevelMeter) -> None:
        super().__init__(sink)
        self.level = level

    async def run(self, pull: Pull) -> None:
        """Play what `pull` gives until cancelled."""

        def metered(samples: int) -> Pcm:
            pcm = pull(samples)
            self.level.add(level_dbfs(pcm), seconds_of(samples))
            return pcm

        await self.sink.run(metered)
