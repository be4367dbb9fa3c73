"""What was heard is found in what was played, and judged."""

from __future__ import annotations

import numpy as np

from node.speech import dialogue, sound_files
from node.speech.pcm import Pcm
from node.speech.profiles import LEAN
from wirebench import scores


def spoken() -> Pcm:
    return np.concatenate(list(sound_files.blocks(dialogue.shipped()[0].path, 320)))


def test_sound_is_found_where_it_is() -> None:
    said = spoken()
    heard = np.concatenate([np.zeros(12_345, np.int16), said, np.zeros(100, np.int16)])
    assert scores.lag_of(heard, said) == 12_345
    assert np.array_equal(scores.aligned(said, heard), said)


def test_what_was_cut_off_is_silence() -> None:
    said = spoken()
    assert len(scores.aligned(said, said[:-5000])) == len(said)


def test_the_same_sound_scores_best_and_a_coded_one_less() -> None:
    said = spoken()
    assert (scores.estoi(said, said) or 0) > 0.99
    assert 0.8 < (scores.estoi(said, scores.offline(said, LEAN)) or 0) < 0.95
    assert (scores.pesq_wb(said, said) or 4.6) > 4.5


def test_a_shift_within_a_call_is_no_loss_of_words() -> None:
    said = spoken()
    half = len(said) // 32_000 // 2 * 32_000
    heard = np.concatenate([np.zeros(500, np.int16), said[:half], np.zeros(320, np.int16), said[half:]])
    assert (scores.estoi(said, scores.aligned(said, heard)) or 0) > 0.98
