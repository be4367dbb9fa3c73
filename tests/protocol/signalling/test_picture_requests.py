"""Pictures that are asked for, and given again."""

from __future__ import annotations

from protocol.signalling.picture_requests import (
    AGAIN_BURST,
    AGAIN_EVERY_S,
    AGAIN_RATE_S,
    ASK_AFTER_S,
    ASKS,
    PictureRequests,
)

ANN, BOB = ("aaaa", 11), ("bbbb", 22)


def _asked(pictures: PictureRequests, until: float) -> list[tuple[float, tuple[int, ...]]]:
    """Return what was asked, and when, by this time."""
    asked = []
    while (at := pictures.deadline()) is not None and at <= until:
        assert pictures.overdue(at)
        asked.append((at, pictures.take_lacking()))
    return asked


def test_a_picture_that_does_not_come_is_asked_for_three_times() -> None:
    pictures = PictureRequests()
    pictures.expect(ANN, 10)
    assert not pictures.overdue(10 + ASK_AFTER_S - 0.1)
    assert _asked(pictures, 100) == [(12, (11,)), (16, (11,)), (24, (11,))]
    assert (ASKS, pictures.take_lacking()) == (3, ())


def test_a_picture_that_came_is_not_asked_for() -> None:
    pictures = PictureRequests()
    for peer in (ANN, BOB):
        pictures.expect(peer, 10)
    pictures.came("aaaa")
    assert _asked(pictures, 13) == [(12, (22,))]
    pictures.overdue(16)
    pictures.came("bbbb")  # while the hello that asks for it has not gone out yet
    assert (pictures.take_lacking(), pictures.deadline()) == ((), None)


def test_several_are_asked_for_at_once() -> None:
    pictures = PictureRequests()
    for peer in (BOB, ANN):
        pictures.expect(peer, 10)
    assert _asked(pictures, 12) == [(12, (11, 22))]


def test_however_often_it_is_asked_for_our_picture_goes_out_seldom() -> None:
    pictures = PictureRequests()
    given = [now for now in range(600) if any(pictures.may_give(now + part / 10) for part in range(10))]
    assert given[:AGAIN_BURST] == [int(AGAIN_EVERY_S) * number for number in range(AGAIN_BURST)]
    assert len(given) <= AGAIN_BURST + 600 / AGAIN_RATE_S
    assert pictures.may_give(10_000)
