"""What of a recording's sound goes to browsers: its packets at the speed of the call, else what is played, encoded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from node.speech.audio_io import Pull
from node.speech.libopus import OpusDecoder
from node.speech.pcm import BLOCK_SAMPLES, Pcm, silence
from node.speech.sinks import NullSink
from node.web.broadcast import Broadcast
from node.web.replay_audio import MIXED, ReplayAudio
from protocol.rtp.red import Copy

OPUS = b"\x18" + bytes(50)
LYRA = b"\xfc" + bytes(8)


class Recorder(Broadcast):
    """Somebody listens, and hears this."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, int, bytes]] = []
        self.restarts = 0

    def __len__(self) -> int:
        return 1

    def forward(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.heard.append((person, timestamp, payload))

    def restart(self) -> None:
        self.restarts += 1

    def take(self) -> list[tuple[str, int, bytes]]:
        taken, self.heard = self.heard, []
        return taken


class Tape:
    position_s, duration_s, speed, paused = 0.0, 60.0, 1.0, False

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def seek(self, seconds: float) -> None: ...


class Crank(NullSink):
    """A sink that pulls when the test turns it."""

    def __init__(self) -> None:
        super().__init__()
        self.pull: Pull = silence

    async def run(self, pull: Pull) -> None:
        self.pull = pull
        await asyncio.Event().wait()

    def turn(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.pull(BLOCK_SAMPLES)


class Stage:
    """A audio whose player tells of a packet of each person in every block that it plays."""

    def __init__(self, *people: tuple[str, bytes], voices: set[str] | None = None) -> None:
        self.recorder, self.crank, self.tape = Recorder(), Crank(), Tape()
        self.people = people
        self.audio = ReplayAudio(self.recorder, self.crank, voices)
        self.audio.player = self.tape
        self.loud: Pcm = np.full(BLOCK_SAMPLES, 5000, np.int16)

    async def __aenter__(self) -> Stage:
        self.running = asyncio.create_task(self.audio.run(self._pull))
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    def _pull(self, samples: int) -> Pcm:
        if self.tape.paused:
            return silence(samples)
        for person, payload in self.people:
            self.audio.forward(person, 0, 7, payload, ())
        return self.loud


async def test_at_the_speed_of_the_call_its_packets_go_out_untouched() -> None:
    async with Stage(("a", OPUS), ("b", OPUS)) as stage:
        stage.crank.turn()
        assert stage.recorder.take() == [("a", 7, OPUS), ("b", 7, OPUS)]


async def test_only_the_voices_that_are_wanted() -> None:
    async with Stage(("a", OPUS), ("b", OPUS), voices={"b"}) as stage:
        stage.crank.turn()
        assert stage.recorder.take() == [("b", 7, OPUS)]


async def test_at_another_speed_what_is_played_is_encoded_anew_without_a_gap() -> None:
    async with Stage(("a", OPUS)) as stage:
        stage.tape.speed = 2.0
        stage.crank.turn(10)
        heard = stage.recorder.take()
    assert {person for person, _, _ in heard} == {MIXED}
    assert set(np.diff([timestamp for _, timestamp, _ in heard])) == {960}
    decoder = OpusDecoder()
    assert np.abs(np.concatenate([decoder.decode(packet) for _, _, packet in heard])).max() > 1000


async def test_paused_nothing_goes_out_and_every_change_begins_anew() -> None:
    async with Stage(("a", OPUS)) as stage:
        for paused, speed in ((False, 1.0), (True, 1.0), (False, 1.0), (False, 2.0), (False, 4.0), (False, 1.0)):
            stage.tape.paused, stage.tape.speed = paused, speed
            stage.crank.turn(2)
            assert bool(stage.recorder.take()) != paused
        assert stage.recorder.restarts == 5
        stage.audio.sought()
        assert stage.recorder.restarts == 6


async def test_what_no_browser_decodes_is_decoded_and_encoded_anew() -> None:
    async with Stage(("a", LYRA)) as stage:
        stage.crank.turn(3)
        assert {person for person, _, _ in stage.recorder.take() if person} <= {"a"}
        stage.crank.turn()
        assert {person for person, _, _ in stage.recorder.take()} == {MIXED}


async def test_nothing_is_encoded_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Stage() as stage:
        monkeypatch.setattr(Recorder, "__len__", lambda self: 0)
        stage.tape.speed = 2.0
        stage.crank.turn(3)
        assert stage.recorder.take() == []


async def test_the_sink_is_the_one_that_plays() -> None:
    async with Stage() as stage:
        assert stage.audio.latency_ms == stage.crank.latency_ms
        assert stage.audio.underruns is stage.crank.underruns
