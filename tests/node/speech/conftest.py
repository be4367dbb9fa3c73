"""A clock that tests turn by hand, a sound card that is none, and the recordings."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from node.speech import dialogue, sound_files
from node.speech.pcm import BLOCK_SAMPLES, Clock, Pcm

SHARED_SPEECH = Path(__file__).parents[3].parent / "shared" / "data" / "speech"


class HandClock:
    """Sleeping moves the time on at once; `late` gives the lateness of the coming wake-ups, in seconds."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.late: list[float] = []
        self.clock = Clock(lambda: self.time, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.time += seconds + (self.late.pop(0) if self.late else 0.0)
        await asyncio.sleep(0)


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


class FakeStream:
    """What sounddevice's raw streams look like from outside; the test plays PortAudio's thread."""

    latency = 0.015

    def __init__(self, card: FakeCard, **settings: Any) -> None:
        self.settings = settings
        self.card = card
        self.state = "open"

    def start(self) -> None:
        if self.card.refuses_start:
            raise self.card.PortAudioError("device unavailable")
        self.state = "started"

    def close(self) -> None:
        self.state = "closed"
        self.settings["finished_callback"]()


class FakeCard(SimpleNamespace):
    """Stands in for the sounddevice module."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__(streams=[], there=True, refuses=False, refuses_start=False, refuses_rescan=False, rescans=0)

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {"name": "headset", "max_input_channels": 1, "max_output_channels": 2},
            {"name": "screen", "max_input_channels": 0, "max_output_channels": 2},
        ]

    def _terminate(self) -> None:
        assert all(stream.state == "closed" for stream in self.streams)

    def _initialize(self) -> None:
        if self.refuses_rescan:
            raise self.PortAudioError("no host API")
        self.rescans += 1

    def check_input_settings(self, **_settings: Any) -> None:
        if not self.there:
            raise self.PortAudioError("Error querying device -1")

    check_output_settings = check_input_settings

    def RawInputStream(self, **settings: Any) -> FakeStream:
        if self.refuses:
            raise self.PortAudioError("device unavailable")
        self.streams.append(FakeStream(self, **settings))
        return self.streams[-1]

    RawOutputStream = RawInputStream


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> FakeCard:
    card = FakeCard()
    monkeypatch.setitem(sys.modules, "sounddevice", card)
    return card


def load(path: Path) -> Pcm:
    return np.concatenate(list(sound_files.blocks(path, BLOCK_SAMPLES)))


@pytest.fixture(scope="session")
def speech() -> Pcm:
    """One real recording, 16 kHz."""
    clip = SHARED_SPEECH / "ls1998_F.wav"
    if not clip.is_file():
        pytest.skip(f"needs the recordings beside the checkout: {clip}")
    return load(clip)


@pytest.fixture(scope="session")
def spoken() -> Pcm:
    """One turn of the shipped dialogue, 16 kHz."""
    return load(dialogue.shipped()[0].path)


@pytest.fixture
def tone() -> Pcm:
    """Two seconds of 300 Hz at -9 dBFS."""
    return np.rint(16_000 * 0.7 * np.sin(2 * np.pi * 300 * np.arange(32_000) / 16_000)).astype(np.int16)
