from __future__ import annotations

import asyncio
import itertools
import threading
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from node.speech import sources
from node.speech.audio_io import Captured, Source
from node.speech.pcm import Pcm, silence
from node.speech.sources import AtEnd, PacedSource, file_source, silent_source
from protocol.errors import NodeError


async def first(source: Source, count: int) -> list[Captured]:
    captured = []
    async for frame in source:
        captured.append(frame)
        if len(captured) == count:
            break
    return captured


def counting() -> itertools.repeat[Pcm]:
    return itertools.repeat(silence(960))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """150 ms of sound: two frames and a half."""
    path = tmp_path / "clip.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.full(2400, 7, "<i2").tobytes())
    return path


async def test_a_frame_comes_when_its_last_sample_is_captured(hand) -> None:
    async for count, frame in _enumerated(PacedSource(counting, clock=hand.clock), 5):
        assert frame.at == pytest.approx(1000 + count * 0.06)
        assert hand.time == pytest.approx(frame.at + 0.06)


async def _enumerated(source: Source, count: int):
    number = 0
    async for frame in source:
        yield number, frame
        number += 1
        if number == count:
            return


async def test_late_wake_ups_do_not_add_up(hand) -> None:
    hand.late = [0.005] * 1000
    frames = await first(PacedSource(counting, clock=hand.clock), 1000)
    assert frames[-1].at == pytest.approx(1000 + 999 * 0.06)
    assert hand.time == pytest.approx(1000 + 1000 * 0.06, abs=0.006)


async def test_after_a_short_stop_it_catches_up_and_loses_nothing(hand) -> None:
    hand.late = [0.0, 0.9]
    frames = await first(PacedSource(counting, clock=hand.clock), 30)
    assert [frame.at for frame in frames] == pytest.approx([1000 + n * 0.06 for n in range(30)])
    assert not any(frame.skipped for frame in frames)


async def test_after_a_long_stop_it_skips_the_time(hand) -> None:
    hand.late = [0.0, 60.0]
    frames = await first(PacedSource(counting, clock=hand.clock), 3)
    assert [frame.skipped for frame in frames] == [0, 960_000, 0]
    assert [frame.at for frame in frames] == pytest.approx([1000, 1060.06, 1060.12])


async def test_a_file_ends(clip: Path, hand) -> None:
    frames = await first(file_source(clip, clock=hand.clock), 99)
    assert len(frames) == 3
    assert np.array_equal(np.concatenate([frame.pcm for frame in frames])[:2400], np.full(2400, 7))


async def test_a_file_can_be_followed_by_silence(clip: Path, hand) -> None:
    frames = await first(file_source(clip, AtEnd.SILENCE, clock=hand.clock), 10)
    assert [bool(frame.pcm.any()) for frame in frames] == [True] * 3 + [False] * 7


async def test_a_file_can_be_played_again_and_again(clip: Path, hand) -> None:
    frames = await first(file_source(clip, AtEnd.LOOP, clock=hand.clock), 10)
    assert all(frame.pcm[0] == 7 for frame in frames)
    assert frames[-1].at == pytest.approx(1000 + 9 * 0.06)


async def test_frames_of_another_length(clip: Path, hand) -> None:
    frames = await first(file_source(clip, frame=320, clock=hand.clock), 99)
    assert {len(frame.pcm) for frame in frames} == {320}
    assert frames[1].at - frames[0].at == pytest.approx(0.02)


async def test_a_silent_source_says_nothing(hand) -> None:
    frames = await first(silent_source(clock=hand.clock), 20)
    assert not any(frame.pcm.any() for frame in frames)


def failing_after(blocks: int) -> Callable[[], Iterator[Pcm]]:
    def recording() -> Iterator[Pcm]:
        for _ in range(blocks):
            yield np.full(960, 7, np.int16)
        raise NodeError("cannot read sound from a.wav: it is gone")

    return recording


@pytest.mark.parametrize("at_end", list(AtEnd))
async def test_a_recording_that_fails_is_noted_and_followed_as_one_that_ends(hand, at_end: AtEnd) -> None:
    notes: list[str] = []
    frames = await first(PacedSource(failing_after(2), at_end, clock=hand.clock, note=notes.append), 6)
    assert [bool(frame.pcm.any()) for frame in frames] == [True] * 2 + [False] * (0 if at_end is AtEnd.STOP else 4)
    assert notes == ["no more speech from a recording: cannot read sound from a.wav: it is gone"]


async def test_a_recording_that_hangs_is_noted(hand, monkeypatch: pytest.MonkeyPatch) -> None:
    notes, over = list[str](), threading.Event()
    monkeypatch.setattr(sources, "MAX_WAIT", 0.01)

    def recording() -> Iterator[Pcm]:
        yield silence(960)
        over.wait()

    frames = await first(PacedSource(recording, AtEnd.SILENCE, clock=hand.clock, note=notes.append), 3)
    over.set()
    assert len(frames) == 3
    assert "does not answer" in notes[0]


async def test_a_recording_of_nothing_is_not_looked_through_for_ever(hand) -> None:
    frames = await first(PacedSource(lambda: iter(()), AtEnd.LOOP, clock=hand.clock), 3)
    assert len(frames) == 3


async def test_a_file_that_vanishes_while_it_is_repeated_is_noted(clip: Path, hand) -> None:
    notes: list[str] = []
    frames = []
    async for captured in file_source(clip, AtEnd.LOOP, clock=hand.clock, note=notes.append):
        frames.append(captured)
        await asyncio.to_thread(clip.unlink, missing_ok=True)
        if len(frames) == 12:
            break
    assert not frames[-1].pcm.any()
    assert len(notes) == 1
    assert "No such file" in notes[0]
