"""Speech cut into utterances, by a detector that takes any sound for a voice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from node.speech.audio_io import Captured
from node.speech.dialogue import part, shipped
from node.speech.pcm import BLOCK_SAMPLES, FRAME_SAMPLES, Pcm, samples_of, seconds_of, silence
from node.spoken.utterances import AFTER_S, BEFORE_S, LONG_S, LONGEST_S, Utterance, UtteranceCutter


def voice(seconds: float) -> Pcm:
    return np.full(samples_of(seconds), 1000, np.int16)


def cut(sound: Pcm, frame: int = FRAME_SAMPLES, skips: dict[int, int] | None = None) -> list[Utterance]:
    """Cut the sound, put in frames of one length; `skips` are samples lost before the frame of a number."""
    cutter, at, made = UtteranceCutter(lambda pcm: bool(pcm.any())), 100.0, []
    for number, begin in enumerate(range(0, len(sound), frame)):
        lost = (skips or {}).get(number, 0)
        at += seconds_of(lost)
        piece = sound[begin : begin + frame]
        made += cutter.put(Captured(piece, at, lost))
        at += seconds_of(len(piece))
    return made


def test_an_utterance_goes_from_a_voice_to_a_pause_with_what_is_around_it() -> None:
    (one,) = cut(np.concatenate([silence(samples_of(1)), voice(2), silence(samples_of(2))]))
    assert abs(one.began - (101 - BEFORE_S)) < 0.021
    assert abs(one.seconds - (BEFORE_S + 2 + AFTER_S)) < 0.041


def test_a_pause_within_a_sentence_does_not_end_it_and_a_click_is_none() -> None:
    gap, end = silence(samples_of(0.5)), silence(samples_of(1))
    assert len(cut(np.concatenate([voice(1), gap, voice(1), end]))) == 1
    assert len(cut(np.concatenate([voice(1), end, voice(1), end]))) == 2
    assert cut(np.concatenate([voice(0.1), end])) == []


def test_long_speech_is_cut_at_a_short_pause_or_at_last_anywhere() -> None:
    pause = silence(samples_of(0.4))
    first, _ = cut(np.concatenate([voice(LONG_S + 1), pause, voice(2), silence(samples_of(1))]))
    assert first.seconds < LONG_S + 2
    assert [round(one.seconds) for one in cut(voice(2 * LONGEST_S + 1))] == [LONGEST_S] * 2


def test_a_gap_in_the_sound_ends_an_utterance() -> None:
    first, second = cut(np.concatenate([voice(1.2), voice(1.2), silence(samples_of(1))]), skips={20: 16_000})
    assert (round(first.seconds, 2), round(second.began, 2)) == (1.2, 102.2)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.02, 4)), max_size=8), st.sampled_from([320, 441, 960, 1000]))
def test_frames_of_any_length_make_the_same_utterances_in_order(parts: list[tuple[bool, float]], frame: int) -> None:
    pieces = [voice(seconds) if loud else silence(samples_of(seconds)) for loud, seconds in parts]
    sound = np.concatenate([silence(0), *pieces, silence(16_000)])
    sound = sound[: len(sound) - len(sound) % BLOCK_SAMPLES]
    made, whole = cut(sound, frame), cut(sound, BLOCK_SAMPLES)
    assert [(round(one.began, 3), len(one.pcm)) for one in made] == [
        (round(one.began, 3), len(one.pcm)) for one in whole
    ]
    ends = [one.began + one.seconds for one in made]
    assert all(end <= later.began + 1e-6 for end, later in zip(ends, made[1:], strict=False))


def test_each_turn_of_the_dialogue_is_an_utterance_or_two() -> None:
    def blocks() -> Iterator[Pcm]:
        yield from part("a", shipped(), FRAME_SAMPLES)

    cutter, at, made = UtteranceCutter(), 0.0, list[Utterance]()
    for block in blocks():
        made += cutter.put(Captured(block, at))
        at += seconds_of(len(block))
    turns = [turn for turn in shipped() if turn.voice == "a"]
    assert len(turns) <= len([*made, *cutter.end()]) <= 2 * len(turns)
    assert all(1 < one.seconds < 8 for one in made)
