from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from node.speech import sinks, wav_file
from node.speech.audio_io import Pull
from node.speech.pcm import BLOCK_SAMPLES, Pcm
from node.speech.playback_buffer import SHALLOW_BLOCKS
from node.speech.sinks import NullSink, WavSink


class Counter:
    """Gives 1, 2, 3 … and ends the run after so many blocks."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.given = 0

    def __call__(self, samples: int) -> Pcm:
        if self.given == self.blocks * BLOCK_SAMPLES:
            raise asyncio.CancelledError
        self.given += samples
        return np.arange(self.given - samples + 1, self.given + 1).astype(np.int16)


async def play(sink: NullSink, pull: Pull) -> None:
    with pytest.raises(asyncio.CancelledError):
        await sink.run(pull)


def read(path: Path) -> Pcm:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


async def test_the_buffer_is_filled_and_then_kept_full(hand) -> None:
    asked: list[float] = []
    pull = Counter(10)

    def noted(samples: int) -> Pcm:
        asked.append(round(hand.time - 1000, 6))
        return pull(samples)

    await play(NullSink(hand.clock), noted)
    assert asked == [0, 0, 0, 0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14]


async def test_a_block_is_heard_after_the_latency(hand) -> None:
    sink = NullSink(hand.clock)
    pulled_at: list[float] = []
    pull = Counter(20)

    def noted(samples: int) -> Pcm:
        pulled_at.append(hand.time)
        return pull(samples)

    await play(sink, noted)
    heard_at = 1000 + 10 * 0.02
    assert heard_at - pulled_at[10] == pytest.approx(sink.latency_ms / 1000)


async def test_late_wake_ups_within_the_buffer_are_not_heard(hand) -> None:
    hand.late = [0.059, 0.0, 0.015] * 100
    sink, pull = NullSink(hand.clock), Counter(1000)
    await play(sink, pull)
    assert sink.underruns.count == 0
    assert hand.time - 1000 == pytest.approx(1000 * 0.02 - 0.06, abs=0.06)


async def test_a_wake_up_later_than_the_buffer_is_one_underrun(hand, tmp_path: Path) -> None:
    hand.late = [0.0] * 9 + [0.1]
    sink = WavSink(tmp_path / "out.wav", hand.clock)
    await play(sink, Counter(100))
    assert (sink.underruns.count, sink.underruns.settled) == (1, 0)
    assert sink.underruns.first_at == pytest.approx(0.3)
    heard = read(tmp_path / "out.wav")
    gap = 13 * BLOCK_SAMPLES
    assert np.array_equal(heard[:gap], np.arange(1, gap + 1))
    assert not heard[gap : gap + 640].any()
    assert np.array_equal(heard[gap + 640 :], np.arange(gap + 1, 100 * BLOCK_SAMPLES + 1).astype(np.int16))


async def test_a_buffer_is_deepened_by_what_was_missing_when_it_ran_dry(hand) -> None:
    hand.late = [0.0] * 9 + [0.04] + [0.0] * 9 + [0.07] + [0.0] * 9 + [0.2]
    sink = NullSink(hand.clock, SHALLOW_BLOCKS)
    assert sink.latency_ms == pytest.approx(20)
    await play(sink, Counter(15))
    assert (sink.underruns.count, sink.latency_ms) == (1, pytest.approx(40))
    await play(sink, Counter(15))
    assert (sink.underruns.count, sink.latency_ms) == (2, pytest.approx(80))
    await play(sink, Counter(100))
    assert (sink.underruns.count, sink.latency_ms) == (3, pytest.approx(140))


async def test_a_deeper_buffer_bears_from_then_on_what_it_did_not(hand) -> None:
    hand.late = [0.0] * 9 + [0.09] + [0.0, 0.09] * 200
    sink = NullSink(hand.clock)
    await play(sink, Counter(400))
    assert sink.underruns.count == 1


async def test_a_machine_that_was_busy_once_costs_no_delay_for_ever(hand) -> None:
    hand.late = [0.0] * 9 + [0.2]
    sink = NullSink(hand.clock)
    await play(sink, Counter(100))
    assert sink.latency_ms == pytest.approx(140)
    await play(sink, Counter(10 * 750))
    assert sink.latency_ms == pytest.approx(60)
    assert sink.underruns.count == 1


async def test_underruns_are_counted_apart_from_those_of_the_first_second(hand) -> None:
    hand.late = [0.5] + [0.0] * 50 + [0.5] + [0.0] * 50 + [0.5]
    sink = NullSink(hand.clock)
    await play(sink, Counter(200))
    assert (sink.underruns.count, sink.underruns.settled) == (3, 2)


async def test_a_machine_that_slept_is_not_filled_with_silence(hand, tmp_path: Path) -> None:
    hand.late = [0.0] * 9 + [36_000.0]
    sink = WavSink(tmp_path / "out.wav", hand.clock)
    await play(sink, Counter(100))
    assert sink.underruns.count == 1
    assert len(read(tmp_path / "out.wav")) == 100 * BLOCK_SAMPLES + sinks.MAX_GAP


async def test_a_wav_file_holds_exactly_what_was_pulled(hand, tmp_path: Path) -> None:
    await play(WavSink(tmp_path / "out.wav", hand.clock), Counter(50))
    assert np.array_equal(read(tmp_path / "out.wav"), np.arange(1, 50 * BLOCK_SAMPLES + 1).astype(np.int16))


async def test_a_wav_file_is_valid_while_it_grows(hand, tmp_path: Path) -> None:
    path, pull, grown = tmp_path / "out.wav", Counter(50), list[int]()

    def looked_at(samples: int) -> Pcm:
        if pull.given:
            grown.append(len(read(path)))
        return pull(samples)

    await play(WavSink(path, hand.clock), looked_at)
    assert grown == sorted(grown)
    assert len(read(path)) == 50 * BLOCK_SAMPLES


async def test_a_wav_file_stops_growing_before_its_header_overflows(hand, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(wav_file, "MAX_SAMPLES", 1000)
    await play(WavSink(tmp_path / "out.wav", hand.clock), Counter(50))
    assert len(read(tmp_path / "out.wav")) == 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which is always full")
async def test_a_full_disk_is_noted_once_and_playing_goes_on(hand) -> None:
    notes: list[str] = []
    await play(WavSink(Path("/dev/full"), hand.clock, note=notes.append), Counter(500))
    assert notes == ["cannot write /dev/full: No space left on device; what is heard is not kept any more"]
