"""Telling a voice from a room."""

from __future__ import annotations

import numpy as np
import pytest

from node.speech.pcm import BLOCK_SAMPLES, FRAME_SAMPLES, Pcm, silence
from node.speech.voice_activity import HANGOVER_MS, QUIETEST_DBFS, DtxDecision, DtxGate, NoiseFloor, VoiceDetector


def share(detector: VoiceDetector, pcm: Pcm) -> float:
    """The share of frames in which a voice is heard."""
    frames = [pcm[at : at + FRAME_SAMPLES] for at in range(0, len(pcm), FRAME_SAMPLES)]
    return sum(detector.detects(frame) for frame in frames) / len(frames)


def noise(seconds: float, dbfs: float, low: int = 6) -> Pcm:
    white = np.random.default_rng(5).standard_normal(round(seconds * 16_000))
    soft = np.convolve(white, np.ones(low) / low, "same")
    return np.rint(soft / np.sqrt(np.mean(soft**2)) * 32_768 * 10 ** (dbfs / 20)).astype(np.int16)


def test_speech_is_heard(spoken: Pcm) -> None:
    assert share(VoiceDetector(), spoken) > 0.75


def test_speech_is_heard_in_frames_of_10_ms(spoken: Pcm) -> None:
    detector, half = VoiceDetector(), BLOCK_SAMPLES // 2
    frames = [spoken[at : at + half] for at in range(0, len(spoken) - half, half)]
    assert sum(map(detector.detects, frames)) / len(frames) > 0.5


def test_silence_is_not() -> None:
    assert share(VoiceDetector(), silence(32_000)) == 0
    assert share(VoiceDetector(), silence(3)) == 0


@pytest.mark.parametrize("dbfs", [-65, -55, -45, -35])
def test_noise_is_not_for_long(dbfs: float) -> None:
    detector = VoiceDetector()
    share(detector, noise(10, dbfs))
    assert share(detector, noise(5, dbfs)) < 0.05


@pytest.mark.parametrize("dbfs", [-55, -45])
def test_speech_is_heard_in_noise(spoken: Pcm, dbfs: float) -> None:
    detector = VoiceDetector()
    share(detector, noise(10, dbfs))
    assert share(detector, np.clip(spoken + noise(len(spoken) / 16_000, dbfs)[: len(spoken)], -32_768, 32_767)) > 0.7


def test_the_floor_falls_at_once_and_rises_slowly() -> None:
    floor = NoiseFloor()
    for _ in range(200):
        floor.update(-40.0)
    assert -50 < floor.dbfs < -46
    floor.update(float("-inf"))
    assert floor.dbfs == QUIETEST_DBFS


def test_a_piece_too_short_to_judge_is_left_out(spoken: Pcm) -> None:
    loud = spoken[8000 : 8000 + BLOCK_SAMPLES]
    assert VoiceDetector().detects(np.concatenate([loud, loud[:100]])) == VoiceDetector().detects(loud)


SEND, SEND_LAST, SKIP = DtxDecision.SEND, DtxDecision.SEND_LAST, DtxDecision.SKIP


def decisions(voices: str, packet_ms: int = 120) -> list[DtxDecision]:
    """The decisions on packets, `v` with a voice and `.` without."""
    gate = DtxGate()
    return [gate.decide(voice == "v", packet_ms) for voice in voices]


def test_a_talk_begins_in_silence() -> None:
    assert decisions("...v") == [SKIP, SKIP, SKIP, SEND]


@pytest.mark.parametrize("packet_ms", [20, 60, 120])
def test_a_pause_is_begun_ended_and_not_sent(packet_ms: int) -> None:
    begun = HANGOVER_MS // packet_ms
    assert decisions("v" + "." * (begun + 3), packet_ms) == [*[SEND] * begun, SEND_LAST, *[SKIP] * 3]


def test_a_short_pause_is_sent() -> None:
    assert decisions("v..v..v") == [SEND] * 7


def test_each_pause_has_one_end() -> None:
    assert decisions("v....v....").count(SEND_LAST) == 2


def test_what_is_cut_begins_a_pause_once() -> None:
    gate = DtxGate()
    assert gate.cut() is DtxDecision.SKIP
    gate.decide(True, 120)
    assert [gate.cut(), gate.cut()] == [DtxDecision.SEND_LAST, DtxDecision.SKIP]
    assert gate.decide(False, 120) is DtxDecision.SKIP
