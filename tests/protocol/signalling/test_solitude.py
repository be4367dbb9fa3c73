"""Hellos of a node that is alone."""

from __future__ import annotations

from protocol.signalling.solitude import ALONE_AGAIN_S, Solitude


def test_who_is_alone_says_hello_again_and_then_waits() -> None:
    solitude = Solitude()
    assert (solitude.deadline(), solitude.overdue(10)) == (None, False)
    solitude.begin(10)
    for after in ALONE_AGAIN_S:
        assert solitude.deadline() == 10 + after
        assert not solitude.overdue(10 + after - 0.01)
        assert solitude.overdue(10 + after)
    assert solitude.deadline() is None


def test_who_has_met_a_peer_says_no_more() -> None:
    solitude = Solitude()
    solitude.begin(10)
    solitude.end()
    assert (solitude.deadline(), solitude.overdue(100)) == (None, False)
