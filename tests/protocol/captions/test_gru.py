from __future__ import annotations

import copy
from itertools import pairwise
from operator import mul
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_decoder import Reference
from tiny_codebook import GROUPS, LIKELY, SIZE, TOKENS, WAYS, file, model, parts

from protocol.captions.codebook import Codebook, pack_array
from protocol.captions.gru import BLOCK_BYTES, PLAIN, NextToken, State, Weights
from protocol.captions.ngrams import TOTAL

NETWORK = model().network
REFERENCE = Reference(file(parts()), pure=True).network

histories = st.lists(st.integers(0, TOKENS - 1), max_size=8)


def told(ways: tuple[int, ...], history: list[int]) -> State:
    state = NETWORK.begin(ways)
    for token in history:
        state = NETWORK.step(state, token)
    return state


def begins(state: State, row: int = 0, sharpness: int = PLAIN) -> list[int]:
    outlook = NextToken(NETWORK, state, [(row, sharpness)])
    return [outlook.below(token)[0] for token in range(TOKENS + 1)]


@given(histories, st.sampled_from(WAYS), st.integers(1, 20))
def test_plain_integers_come_to_the_same(history: list[int], way: int, sharpness: int) -> None:
    state = told((way,), history)
    assert state.memory[0].tolist() == REFERENCE.memory((way, *history))
    below = REFERENCE.after((way, *history), sharpness)
    assert begins(state, sharpness=sharpness) == [below(token) for token in range(TOKENS + 1)]


@given(histories)
def test_tokens_lie_in_order_on_the_whole_line(history: list[int]) -> None:
    places = begins(told(WAYS[:1], history))
    assert (places[0], places[-1]) == (0, TOTAL)
    assert all(begin < end for begin, end in pairwise(places))


@given(histories)
def test_ways_do_not_mix(history: list[int]) -> None:
    both = told(WAYS, history)
    for row, way in enumerate(WAYS):
        assert begins(both, row) == begins(told((way,), history)) == begins(both.rows([row]))


def test_what_was_said_matters() -> None:
    assert len({tuple(begins(told(WAYS[:1], history))) for history in ([], [2], [3], [2, 3], [3, 2])}) == 5
    assert begins(told(WAYS[:1], [2])) != begins(told(WAYS[1:], [2]))


@given(histories)
def test_sharper_is_more_for_the_likeliest(history: list[int]) -> None:
    state = told(WAYS[:1], history)
    plain, sharp = (np.diff(begins(state, sharpness=sharpness))[:LIKELY] for sharpness in (PLAIN, 2 * PLAIN))
    outputs = NETWORK.scores(state)[0]
    if outputs[:LIKELY].argmax() == outputs.argmax():
        assert sharp[outputs.argmax()] >= plain[outputs.argmax()]


def test_groups_follow_the_likely_tokens() -> None:
    assert (NETWORK.likely, NETWORK.tokens) == (LIKELY, LIKELY + sum(GROUPS)) == (LIKELY, TOKENS)
    assert NETWORK.embeddings == TOKENS + len(WAYS)


def test_a_row_has_its_multiplier() -> None:
    weights = Weights(np.array([[1, -2], [3, 4]], np.int8), np.array([10, 2**30], np.int32))
    vectors = np.array([[5, 6], [1, 0]], np.float32)
    assert weights.times(vectors).tolist() == [[-70, 39 << 30], [10, 3 << 30]]


def test_a_matrix_of_many_blocks_gives_the_same_products() -> None:
    random = np.random.default_rng(1)
    rows = 5 * BLOCK_BYTES // (4 * 512) // 2
    matrix = random.integers(-127, 128, (rows, 512)).astype(np.int8)
    multipliers = random.integers(1, 1000, rows).astype(np.int32)
    vectors = random.integers(-256, 257, (3, 512))
    expected = vectors @ matrix.T.astype(np.int64) * multipliers
    assert np.array_equal(Weights(matrix, multipliers).times(vectors.astype(np.float32)), expected)


def test_the_state_stays_between_its_bounds() -> None:
    state = told(WAYS, [2] * 200)
    assert state.memory.shape == (len(WAYS), SIZE)
    assert np.abs(state.memory).max() <= 1 << 15


def test_layers_fit_together() -> None:
    with pytest.raises(ValueError, match="multipliers"):
        Weights(np.zeros((2, 2), np.int8), np.zeros(3, np.int32))


def test_views_of_one_state_are_each_by_themselves() -> None:
    state = told(WAYS, [2, 3])
    views = [(0, PLAIN), (0, 11), (1, PLAIN)]
    outlook = NextToken(NETWORK, state, views)
    apart = [begins(state, row, sharpness) for row, sharpness in views]
    assert [outlook.below(token) for token in range(TOKENS + 1)] == [list(place) for place in zip(*apart, strict=True)]


def test_a_group_is_worked_out_when_asked() -> None:
    outlook = NextToken(NETWORK, told(WAYS, []), [(0, PLAIN)])
    with mock.patch.object(NextToken, "group", autospec=True, side_effect=NextToken.group) as group:
        for token in range(LIKELY + 1):
            outlook.below(token)
        assert not group.called
        for token in range(TOKENS - 2, TOKENS):
            outlook.below(token)
        group.assert_called_once_with(outlook, 1)


@given(histories)
def test_lines_are_about_where_tokens_begin(history: list[int]) -> None:
    outlook = NextToken(NETWORK, told(WAYS, history), [(0, PLAIN), (1, 11)])
    weights = [3, 5]
    lines = [*outlook.line(weights)[: LIKELY + 1], *outlook.line_in(0, weights)[1:], *outlook.line_in(1, weights)[1:]]
    exact = [sum(map(mul, weights, outlook.below(token))) for token in range(TOKENS + 1)]
    assert lines == pytest.approx(exact, abs=2 * sum(weights))


@pytest.mark.parametrize("table", range(3))
def test_tables_have_their_length(table: int) -> None:
    wrong = copy.deepcopy(parts())
    wrong["tables"][table] = pack_array(np.arange(1000, dtype=np.int32))
    with pytest.raises(ValueError, match="tables"):
        Codebook.read(file(wrong))
