from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_decoder import Model, Reference
from tiny_codebook import TOKENS, WAYS, file, model, parts

from protocol.captions.mixture import LEAST_TRUST, REMEMBERED, SHARE_BITS, TRUST_BITS, Mixture, Source, forget
from protocol.captions.ngrams import TOTAL
from protocol.captions.tokens import Style

BOOK = model()
REFERENCE = Reference(file(parts()), pure=True)
USUAL, UNUSUAL = BOOK.sources

styles = st.sampled_from(Style)
histories = st.lists(st.integers(1, TOKENS - 1), max_size=6)


def mixture(sources: Sequence[Source] = BOOK.sources, style: int = 0, history: Sequence[int] = ()) -> Mixture:
    point = Mixture.begin(BOOK.network, BOOK.counted, sources).after_style(style)
    for token in history:
        point = point.after(token)
    return point


def begins(told: Mixture) -> list[int]:
    return [told.below(token) for token in range(TOKENS + 1)]


@given(styles, histories)
def test_tokens_lie_in_order_on_the_whole_line(style: Style, history: list[int]) -> None:
    places = begins(mixture(style=style, history=history))
    assert (places[0], places[-1]) == (0, TOTAL)
    assert places == sorted(places)


def test_so_do_styles() -> None:
    below = [BOOK.beginning.style_below(style) for style in range(len(Style) + 1)]
    assert (below[0], below[-1]) == (0, TOTAL)
    assert below == sorted(below)


@given(styles, histories)
def test_the_second_decoder_mixes_the_same(style: Style, history: list[int]) -> None:
    other = Model(REFERENCE)
    other.advance_style(style)
    for token in history:
        other.advance(token)
    assert begins(mixture(style=style, history=history)) == [other.token(token) for token in range(TOKENS + 1)]


@given(styles, histories)
def test_trust_is_never_lost(style: Style, history: list[int]) -> None:
    trusts = [trust for _, trust in mixture(style=style, history=history).trusts]
    assert sum(trusts) == 1 << TRUST_BITS
    assert min(trusts) >= LEAST_TRUST


def test_a_source_that_expected_what_came_is_trusted_more() -> None:
    share = [source.styles[5] - source.styles[4] for source in BOOK.sources]
    told = mixture(style=4)
    assert share[1] > share[0]
    evidence = [source.prior * part for source, part in zip(BOOK.sources, share, strict=True)]
    assert told.trusts[1][1] == pytest.approx(evidence[1] / sum(evidence) * (1 << TRUST_BITS), abs=2)
    assert told.trusts[1][1] > UNUSUAL.prior


def test_one_that_did_not_is_asked_no_more() -> None:
    never = (0, *((TOTAL - 5 + step) for step in range(5)), TOTAL)
    told = mixture((replace(USUAL, styles=never), UNUSUAL), style=4)
    assert [source for source, _ in told.trusts] == [UNUSUAL]
    assert told.ways == [WAYS[1]]
    alone = mixture((replace(UNUSUAL, prior=1 << TRUST_BITS),), style=4, history=[2, 3])
    assert begins(told.after(2).after(3)) == begins(alone)


def test_a_source_may_be_the_network_alone() -> None:
    alone = replace(USUAL, prior=1 << TRUST_BITS, share=1 << SHARE_BITS, counted=())
    told = mixture((alone,), history=[2])
    below = REFERENCE.network.after((WAYS[0], 2), alone.sharpness)
    assert begins(told) == [below(token) for token in range(TOKENS + 1)]


def test_or_n_grams_alone_for_which_the_network_is_not_run() -> None:
    alone = replace(USUAL, prior=1 << TRUST_BITS, share=0, counted=((0, 1 << SHARE_BITS),))
    told = mixture((alone,), history=[2])
    below = REFERENCE.counted[0].after([TOKENS, 2])
    assert begins(told) == [below(token) for token in range(TOKENS + 1)]
    assert told.ways == []
    assert mixture((replace(alone, prior=1 << 23), replace(UNUSUAL, prior=1 << 23))).ways == [WAYS[1]]


@given(histories, st.integers(0, TOTAL - 1))
def test_and_so_is_a_guess(history: list[int], place: int) -> None:
    alone = replace(USUAL, prior=1 << TRUST_BITS, share=0, counted=((0, 1 << SHARE_BITS),))
    point = mixture((alone,), history=history)
    token = point.near(place)
    assert point.below(token) - 1 <= place < point.below(token + 1) + 1


def test_a_codebook_knows_the_beginning() -> None:
    assert begins(BOOK.beginning.after_style(0)) == begins(mixture())


def test_points_that_were_met_are_kept_and_what_is_new_changes_none() -> None:
    begun = BOOK.beginning.after_style(0)
    before = begins(begun)
    assert begun.after(2) is BOOK.beginning.after_style(0).after(2)
    assert begun.after(2) is not begun.after(3)
    assert begins(begun) == before
    forgotten = begun.after(2)
    forget()
    assert begun.after(2) is not forgotten
    assert begins(begun.after(2)) == begins(forgotten)


def test_no_more_points_are_kept_than_is_said() -> None:
    point = first = BOOK.beginning.after_style(0).after(2)
    for _ in range(REMEMBERED):
        point = point.after(3)
    assert BOOK.beginning.after_style(0).after(2) is not first


@given(styles, histories, st.integers(0, TOTAL - 1))
def test_a_guess_is_a_token_near_the_place(style: Style, history: list[int], place: int) -> None:
    point = mixture(style=style, history=history)
    token = point.near(place)
    assert 0 <= token < TOKENS
    assert point.below(token) - 1 <= place < point.below(token + 1) + 1


@pytest.mark.parametrize(
    "wrong",
    [
        replace(USUAL, share=USUAL.share + 1),
        replace(USUAL, sharpness=0),
        replace(USUAL, counted=((2, 1024),)),
        replace(USUAL, counted=((-1, 1024),)),
        replace(USUAL, share=5120, counted=((0, -1024),)),
        replace(USUAL, styles=USUAL.styles[1:]),
        replace(USUAL, styles=(1, *USUAL.styles[1:])),
        replace(USUAL, styles=(*USUAL.styles[:-1], TOTAL - 1)),
        replace(USUAL, styles=()),
    ],
)
def test_a_source_has_parts_that_make_a_whole(wrong: Source) -> None:
    assert USUAL.is_complete(len(BOOK.counted))
    assert not wrong.is_complete(len(BOOK.counted))
