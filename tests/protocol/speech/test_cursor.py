from __future__ import annotations

from dataclasses import replace

from protocol.speech.cursor import Cursor
from protocol.speech.frame_buffer import Frame


def _frame(packet: bytes = b"\x18voice", number: int = 5) -> Frame:
    return Frame(packet, number, timestamp=480, samples=2880, arrived_ms=0)


def test_the_cursor_stands_behind_what_was_played() -> None:
    cursor = Cursor()
    assert not cursor.started
    cursor.pass_by(_frame())
    assert (cursor.started, cursor.timestamp, cursor.frame_ms, cursor.was_dtx) == (True, 480 + 2880, 60, False)
    cursor.pass_by(_frame(b"\x18"))
    assert cursor.was_dtx


def test_a_missing_packet_breaks_the_row() -> None:
    cursor = Cursor()
    cursor.pass_by(_frame(number=5))
    assert cursor.follows(_frame(number=5))
    assert cursor.follows(_frame(number=6))
    assert not cursor.follows(_frame(number=7))


def test_a_frame_whose_packet_may_be_lost_tells_nothing_about_its_neighbours() -> None:
    cursor = Cursor()
    cursor.pass_by(_frame(number=5))
    copy = replace(_frame(number=6), is_copy=True)
    assert not cursor.follows(copy)
    cursor.pass_by(copy)
    assert not cursor.follows(_frame(number=7))
    cursor.pass_by(_frame(number=7))
    assert cursor.follows(_frame(number=8))


def test_a_shift_moves_everything_that_was_played() -> None:
    cursor = Cursor()
    cursor.transits_ms.extend([10.0, 12.0])
    cursor.shift(-3)
    assert list(cursor.transits_ms) == [7, 9]
