from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.rtp.sequence import REMEMBERED_PACKETS, ReceivedSet, unwrap


@given(st.integers(-(2**40), 2**40), st.integers(-(2**15), 2**15 - 1))
def test_a_counter_is_unwrapped_to_the_nearest(near: int, step: int) -> None:
    assert unwrap((near + step) % 2**16, 16, near) == near + step


@given(st.permutations(range(65_530, 65_545)), st.sets(st.integers(65_531, 65_543)))
def test_gaps_are_counted_whatever_the_order(order: list[int], missing: set[int]) -> None:
    came = [number for number in order if number not in missing]
    ledger = ReceivedSet(came[0])
    for number in came:
        assert ledger.add(number)
        assert not ledger.add(number)
    assert ledger.lost == len(missing)


def test_what_is_too_old_counts_as_repeated() -> None:
    ledger = ReceivedSet(0)
    assert ledger.add(REMEMBERED_PACKETS)
    assert not ledger.add(0)
    assert ledger.add(10**9)
    assert ledger.lost == 10**9 - 1
