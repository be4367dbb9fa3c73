"""One person's packets on a browser's line: untouched, each frame once, and silence told from loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.rtp.red import Copy
from protocol.rtp.retiming import SILENCE_EVERY_S, RtpRetimer, RtpTimeline
from protocol.speech import opus_packet
from protocol.speech.opus_packet import OPUS_RATE

TOC = 0x18  # SILK, narrowband, 60 ms, mono
STEP = 2880


def frame(content: str) -> bytes:
    return bytes([TOC]) + content.encode() + b"--"  # two bytes and less would say that there is silence


def pair(first: str, second: str) -> bytes:
    return opus_packet.join([frame(first), frame(second)])


class Pushed:
    def __init__(self) -> None:
        self.all: list[tuple[int, bytes]] = []
        self.line = RtpRetimer(lambda timestamp, packet: self.all.append((timestamp, packet)), RtpTimeline(0.0))

    @property
    def timestamps(self) -> list[int]:
        return [timestamp for timestamp, _ in self.all]


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


def test_packets_pass_untouched_on_the_lines_own_clock(pushed: Pushed) -> None:
    packets = [pair("a", "bb"), pair("c", "d"), frame("e")]
    for number, packet in enumerate(packets):
        pushed.line.forward(7_000_000 + number * 2 * STEP, packet, (), 10 + number * 0.12)
    assert [packet for _, packet in pushed.all] == packets
    first = 10 * OPUS_RATE
    assert pushed.timestamps == [first, first + 2 * STEP, first + 4 * STEP]


def test_a_loss_leaves_its_time_empty(pushed: Pushed) -> None:
    pushed.line.forward(0, pair("a", "b"), (), 1.0)
    pushed.line.forward(4 * STEP, pair("e", "f"), (), 1.24)
    assert pushed.timestamps[1] - pushed.timestamps[0] == 4 * STEP


def test_copies_fill_in_for_what_was_lost_and_for_nothing_else(pushed: Pushed) -> None:
    """As the node sends them: copies cut across packets, one and a half back."""
    pushed.line.forward(0, pair("a", "b"), (), 1.0)
    pushed.line.forward(4 * STEP, pair("e", "f"), (Copy(3 * STEP, pair("b", "c")),), 1.24)
    pushed.line.forward(6 * STEP, pair("g", "h"), (Copy(3 * STEP, pair("d", "e")),), 1.36)
    origin = pushed.timestamps[0]
    sent = {timestamp - origin: packet for timestamp, packet in pushed.all}
    assert sent == {
        0: pair("a", "b"), 2 * STEP: frame("c"), 3 * STEP: frame("d"),
        4 * STEP: pair("e", "f"), 6 * STEP: pair("g", "h"),
    }  # fmt: skip
    assert len(pushed.all) == len(sent)


def test_copies_of_what_was_before_the_listener_came_are_left_out(pushed: Pushed) -> None:
    pushed.line.forward(4 * STEP, pair("e", "f"), (Copy(3 * STEP, pair("b", "c")),), 1.0)
    assert len(pushed.all) == 1


def test_a_pause_is_told_at_once_and_again_while_it_lasts(pushed: Pushed) -> None:
    pushed.line.forward(0, opus_packet.join([frame("a"), bytes([TOC])]), (), 1.0)
    start = pushed.timestamps[0]
    assert pushed.all[1:] == [(start + 2 * STEP, bytes([TOC]))]
    pushed.line.continue_silence(1.1)
    assert len(pushed.all) == 2
    pushed.line.continue_silence(1.0 + SILENCE_EVERY_S)
    assert pushed.all[2:] == [(start + 2 * STEP + round(SILENCE_EVERY_S * OPUS_RATE), bytes([TOC]))]
    pushed.line.forward(20 * STEP, pair("b", "c"), (), 1.0 + 20 * 0.06)
    pushed.line.continue_silence(10.0)
    assert pushed.timestamps[3] == start + 20 * STEP
    assert len(pushed.all) == 4


def test_another_stream_goes_on_where_the_time_is(pushed: Pushed) -> None:
    pushed.line.forward(0, frame("a"), (), 1.0)
    pushed.line.forward(3_000_000_000, frame("b"), (), 1.5)
    pushed.line.restart()
    pushed.line.forward(STEP, frame("c"), (), 2.0)
    assert pushed.timestamps == [OPUS_RATE, round(1.5 * OPUS_RATE), 2 * OPUS_RATE]


def test_timestamps_wrap_without_a_jump(pushed: Pushed) -> None:
    pushed.line.forward(2**32 - STEP, frame("a"), (), 1.0)
    pushed.line.forward(0, frame("b"), (), 1.06)
    assert pushed.timestamps == [OPUS_RATE, OPUS_RATE + STEP]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1),
            st.binary(max_size=40),
            st.lists(st.tuples(st.integers(1, 16_383), st.binary(max_size=20)), max_size=3),
        ),
        max_size=20,
    )
)
def test_only_opus_goes_on_whatever_comes(packets: list[tuple[int, bytes, list[tuple[int, bytes]]]]) -> None:
    pushed = Pushed()
    for number, (timestamp, payload, copies) in enumerate(packets):
        pushed.line.forward(timestamp, payload, [Copy(*copy) for copy in copies], number * 0.1)
        pushed.line.continue_silence(number * 0.1)
    for _, packet in pushed.all:
        opus_packet.parse(packet)


def test_a_stream_that_ends_in_the_middle_is_followed_by_silence_and_another_goes_on_behind_it(pushed: Pushed) -> None:
    pushed.line.pause(0.5)
    assert pushed.all == []
    pushed.line.forward(0, pair("a", "b"), (), 1.0)
    start = pushed.timestamps[0]
    pushed.line.pause(1.01)
    assert pushed.all[1:] == [(start + 2 * STEP, bytes([TOC]))]
    pushed.line.forward(7_000_000, frame("c"), (), 1.02)
    assert pushed.timestamps[2] == start + 3 * STEP
    pushed.line.pause(5.0)
    pushed.line.pause(5.0)
    pushed.line.continue_silence(5.0 + SILENCE_EVERY_S)
    assert len(pushed.all) == 5
    pushed.line.forward(0, frame("d"), (), 9.0)
    assert pushed.timestamps[-1] == 9 * OPUS_RATE
    assert pushed.timestamps == sorted(pushed.timestamps)
