from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from node.speech import sound_files
from node.speech.dialogue import read, shipped, voice_source
from node.speech.pcm import FULL_SCALE, level_dbfs, samples_of
from protocol.errors import NodeError


def test_the_shipped_dialogue_is_short_and_two_voices_take_turns() -> None:
    turns = shipped()
    assert [turn.voice for turn in turns] == ["a", "b"] * 6
    assert 40 < sum(turn.seconds for turn in turns) < 60
    assert all(turn.path.stat().st_size < 15_000 for turn in turns)


@pytest.mark.parametrize("turn", shipped(), ids=lambda turn: turn.path.name)
def test_each_turn_is_clean_speech_of_the_stated_length(turn) -> None:
    sound = np.concatenate(list(sound_files.blocks(turn.path, 320)))
    blocks = sorted(level_dbfs(block) for block in sound.reshape(-1, 320))
    assert len(sound) == pytest.approx(samples_of(turn.seconds), abs=480)
    assert level_dbfs(sound) == pytest.approx(-20, abs=1)
    assert np.abs(sound.astype(int)).max() < FULL_SCALE * 0.95
    assert blocks[len(blocks) // 20] < -40
    assert abs(sound.mean()) < 30


async def talking(voice: str, hand, frames: int) -> np.ndarray:
    levels = []
    async for frame in voice_source(voice, clock=hand.clock):
        levels.append(level_dbfs(frame.pcm) > -45)
        if len(levels) == frames:
            return np.array(levels)
    raise AssertionError("a dialogue goes on for ever")


async def test_one_voice_is_silent_while_the_other_talks(hand) -> None:
    a, b = await talking("a", hand, 850), await talking("b", hand, 850)
    assert not (a & b).any()
    assert (a | b).mean() > 0.7


async def test_the_dialogue_begins_again(hand) -> None:
    opening = next(sound_files.blocks(shipped()[0].path, 960))
    found = []
    async for frame in voice_source("a", clock=hand.clock):
        found.append(np.array_equal(frame.pcm, opening))
        if len(found) == 1800:
            break
    assert sum(found) == 3


@pytest.mark.parametrize("index", ["", "[]", "{}", '{"turns": [{}]}', '{"turns": 5}'])
def test_a_broken_index_is_named(tmp_path: Path, index: str) -> None:
    (tmp_path / "dialogue.json").write_text(index)
    with pytest.raises(NodeError, match=r"dialogue\.json"):
        read(tmp_path)


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"dialogue\.json"):
        read(tmp_path)


def test_the_index_names_its_files(tmp_path: Path) -> None:
    turn = {"voice": "x", "file": "one.wav", "seconds": 1, "text": "Hello."}
    (tmp_path / "dialogue.json").write_text(json.dumps({"turns": [turn]}))
    assert read(tmp_path)[0].path == tmp_path / "one.wav"
