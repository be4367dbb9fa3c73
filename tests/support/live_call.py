"""Whole calls for the end-to-end tests: two nodes on loopback, real links, chosen ends."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from node.call.build import preload
from node.call.endpoints import Endpoints, Models, Rendezvous
from node.captions.coder import ThreadCoder, shipped_codecs
from node.common.tasks import Runnable
from node.links.address import BrokerAddress
from node.speech import sound_files
from node.speech.audio_io import Pull
from node.speech.pcm import FRAME_SAMPLES, SAMPLE_RATE, Pcm, silence
from node.speech.profiles import LEAN, Profile
from node.speech.sinks import NullSink
from node.speech.sources import PacedSource
from protocol.room_secret import SECRET_BYTES, RoomSecret

CODECS = shipped_codecs()
preload(CODECS)  # as the commands do before a call: an import in the loop would stand still what is measured
CODECS.encode("", CODECS.newest())  # the nodes of tests code captions here, and no first picture waits for the model

LOOPBACK = "127.0.0.1"
PATIENCE_S = 30.0  # how long a test waits for what must come at once: a loaded machine is slow, a broken one never done


class DatagramPath:
    """Lets the datagrams of a link through, or none of them: an observer of a node's links."""

    def __init__(self, is_open: bool = True) -> None:
        self.is_open = is_open

    def __call__(self, direction: str, data: bytes) -> bool:
        return self.is_open


def secret(room: str = "a test") -> RoomSecret:
    """The same secret for the same name, and no secret to anybody."""
    return RoomSecret(hashlib.sha256(room.encode()).digest()[:SECRET_BYTES])


def place(broker: BrokerAddress, room: str = "a test", **more: object) -> Rendezvous:
    return Rendezvous(secret(room), broker, address=LOOPBACK, **more)  # type: ignore[arg-type]


def parts(models: Models, profile: Profile = LEAN, **ends: object) -> Endpoints:
    return Endpoints(profile, models, **{"captions": ThreadCoder(CODECS), **ends})  # type: ignore[arg-type]


def clip_after(path: Path, lead_s: float) -> PacedSource:
    """The clip, once, after ``lead_s`` of silence in which the call is set up; silence for ever after it."""
    frames = round(lead_s * SAMPLE_RATE / FRAME_SAMPLES)

    def recording() -> Iterator[Pcm]:
        yield from itertools.repeat(silence(FRAME_SAMPLES), frames)
        yield from sound_files.blocks(path, FRAME_SAMPLES)
        yield from itertools.repeat(silence(FRAME_SAMPLES))

    return PacedSource(recording)


def noise() -> PacedSource:
    """Speech-like sound without end or pause, from a fixed seed: low-passed noise whose loudness swells and ebbs."""
    rng = np.random.default_rng(7)

    def recording() -> Iterator[Pcm]:
        for frame in itertools.count():
            white = rng.normal(0, 1, FRAME_SAMPLES + 15)
            low = np.convolve(white, np.ones(16) / 16, "valid")
            yield (low * (6000 + 3000 * np.sin(frame / 3))).astype(np.int16)

    return PacedSource(recording)


class KeepingSink(NullSink):
    """Plays at the pace of its clock and keeps all it played, with the time at which the first block was pulled."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[Pcm] = []
        self.began: float | None = None

    async def run(self, pull: Pull) -> None:
        self.began = self._clock.now()
        await super().run(pull)

    def _play(self, pcm: Pcm) -> None:
        self.played.append(pcm)

    def sound(self) -> Pcm:
        return np.concatenate(self.played)


@dataclass
class Running:
    """Nodes at work; ``note`` lines of all of them, in order."""

    nodes: Sequence[Runnable]
    tasks: Sequence[asyncio.Task[None]]

    async def until(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Waits for the condition; fails if a node ends before, or it takes longer than the patience."""
        async with asyncio.timeout(patience_s):
            while not condition():
                ended = [task for task in self.tasks if task.done()]
                for task in ended:
                    task.result()
                assert not ended, "a node ended before its time"
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(*nodes: Runnable) -> AsyncIterator[Running]:
    """Runs the nodes for the length of the context."""
    tasks = [asyncio.create_task(node.run(), name=node.name) for node in nodes]
    try:
        yield Running(nodes, tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
