"""Which messages are the speaker's: proven, forged, unproven, and floods."""

from __future__ import annotations

import pytest
from audience import packet
from hypothesis import given
from hypothesis import strategies as st

from protocol.audience.checkpoint import Checkpoint, digest_of
from protocol.audience.proving import MOST_BYTES, MOST_WAITING, PROVEN_WITHIN_S, Doubt, Doubtful, Proven, Proving
from protocol.audience.speech_message import SpeechMessage
from protocol.errors import SealError


def message(number: int, forged: bool = False) -> SpeechMessage:
    return SpeechMessage(0, number, (packet(number + 1000 * forged),))


def checkpoint(first: int, last: int) -> Checkpoint:
    digests = tuple(digest_of(number, message(number).encode()) for number in range(first, last + 1))
    return Checkpoint(last, digests)


def add(proving: Proving, number: int, forged: bool = False, now: float = 0.0) -> None:
    said = message(number, forged)
    proving.add(number, said.encode(), said, now)


def test_what_a_checkpoint_proves_is_played_in_order_and_what_it_contradicts_is_forged() -> None:
    proving = Proving(0)
    for number in (2, 1):
        add(proving, number, forged=True)
        add(proving, number)
    add(proving, 0)
    assert proving.settled(0.0) == []
    proving.prove(checkpoint(0, 2))
    settled = proving.settled(0.0)
    assert [outcome.number for outcome in settled if isinstance(outcome, Proven)] == [0, 1, 2]
    assert [outcome for outcome in settled if isinstance(outcome, Doubtful)] == [
        Doubtful(1, 0, Doubt.FORGED), Doubtful(2, 0, Doubt.FORGED)
    ]  # fmt: skip
    assert proving.deadline() is None


def test_what_is_proven_before_it_comes_is_played_at_once() -> None:
    proving = Proving(0)
    proving.prove(checkpoint(0, 3))
    add(proving, 2)
    add(proving, 3, forged=True)
    assert [type(outcome) for outcome in proving.settled(0.0)] == [Proven, Doubtful]


def test_what_no_checkpoint_speaks_of_is_unproven_after_two_seconds() -> None:
    proving = Proving(0)
    add(proving, 0, now=5.0)
    assert proving.deadline() == 5.0 + PROVEN_WITHIN_S
    assert proving.settled(6.99) == []
    assert proving.settled(7.0) == [Doubtful(0, 0, Doubt.UNPROVEN)]


def test_each_is_played_once_and_nothing_of_before() -> None:
    proving = Proving(5)
    add(proving, 6)
    with pytest.raises(SealError):
        add(proving, 6)
    with pytest.raises(SealError):
        add(proving, 4)
    proving.prove(checkpoint(5, 8))
    proving.settled(0.0)
    with pytest.raises(SealError):
        add(proving, 6)


def test_a_flood_is_refused_beyond_a_bound() -> None:
    proving, said = Proving(0), message(0)
    for number in range(MOST_WAITING):
        proving.add(number, b"forged", said, 0.0)
    with pytest.raises(SealError, match="floods"):
        add(proving, MOST_WAITING)
    proving.settled(PROVEN_WITHIN_S)
    add(proving, 0)


def test_large_messages_are_refused_sooner() -> None:
    proving, said, large = Proving(0), message(0), bytes(1 << 20)
    for number in range(MOST_BYTES // len(large)):
        proving.add(number, large, said, 0.0)
    with pytest.raises(SealError, match="floods"):
        add(proving, 99)


def test_what_was_settled_early_holds_up_nothing() -> None:
    proving = Proving(0)
    for number in range(3):
        add(proving, number, now=number / 10)
    proving.prove(checkpoint(0, 1))
    assert proving.deadline() == 0.2 + PROVEN_WITHIN_S
    assert [outcome.number for outcome in proving.settled(5.0)] == [0, 1, 2]
    assert proving.deadline() is None


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans())), st.lists(st.integers(0, 30)))
def test_nothing_forged_is_ever_proven(came: list[tuple[int, bool]], checkpoints: list[int]) -> None:
    proving, outcomes = Proving(0), list[Proven | Doubtful]()
    for number, forged in came:
        try:
            add(proving, number, forged)
        except SealError:
            continue
        if checkpoints and number % 3 == 0:
            last = checkpoints.pop()
            proving.prove(checkpoint(max(0, last - 7), last))
        outcomes += proving.settled(0.0)
    proven = [outcome for outcome in outcomes if isinstance(outcome, Proven)]
    assert all(outcome.message == message(outcome.number) for outcome in proven)
    assert len({outcome.number for outcome in proven}) == len(proven)
