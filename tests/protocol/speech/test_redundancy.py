from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import PacketError
from protocol.rtp import red
from protocol.rtp.red import Copy
from protocol.speech import opus_packet
from protocol.speech.redundancy import RedundancyEncoder

FRAME = 2880  # 60 ms at 48 kHz
TOC = b"\x18"  # 60 ms, narrowband SILK


def bundle(first: int) -> bytes:
    """Two frames whose bytes are their own numbers."""
    return opus_packet.join([TOC + bytes([first, 7]), TOC + bytes([first + 1, 7])])


def sent(copies: RedundancyEncoder, packets: int) -> list[tuple[Copy, ...]]:
    return [copies.beside(number * 2 * FRAME, bundle(number * 2)) for number in range(packets)]


def numbers(copy: Copy) -> list[int]:
    return [frame[1] for frame in opus_packet.split(copy.payload)]


def test_without_redundancy_nothing_goes_along() -> None:
    assert sent(RedundancyEncoder(), 5) == [()] * 5


@pytest.mark.parametrize(("redundancy", "back"), [(1, 3), (2, 5)])
def test_the_copy_is_cut_across_two_packets(redundancy: int, back: int) -> None:
    *_, last = sent(RedundancyEncoder(redundancy), 5)
    (copy,) = last
    assert copy.offset == back * FRAME
    assert numbers(copy) == [8 - back, 9 - back]
    assert red.fits(copy)


@pytest.mark.parametrize(("frame_ms", "toc"), [(10, 0), (20, 8), (40, 16), (60, 24)])
def test_a_copy_holds_all_of_a_packet_whatever_its_frames_last(frame_ms: int, toc: int) -> None:
    copies, count, last = RedundancyEncoder(2), 120 // frame_ms, ()
    packet = opus_packet.join([bytes([toc, number]) for number in range(count)])
    for number in range(6):
        last = copies.beside(number * 5760, packet)
    (copy,) = last
    assert copy.offset == (2 * count + count // 2) * frame_ms * 48
    assert opus_packet.duration_ms(copy.payload) == 120


def test_a_copy_costs_no_more_than_a_packet() -> None:
    *_, ((copy), *_) = sent(RedundancyEncoder(1), 5)
    assert len(copy.payload) == len(bundle(0))


def test_at_the_beginning_what_there_is_goes_along() -> None:
    first, second, third, *_ = sent(RedundancyEncoder(1), 4)
    empty = Copy(3 * FRAME, TOC)  # tells how far back copies will be
    assert first == (empty,)
    assert second[0] == empty
    assert [numbers(copy) for copy in second[1:]] == [[0]]
    assert [numbers(copy) for copy in third] == [[1, 2]]


@pytest.mark.parametrize("redundancy", [1, 2])
def test_no_packet_after_a_pause_tells_of_copies_that_it_has_not(redundancy: int) -> None:
    copies = RedundancyEncoder(redundancy)
    sent(copies, 5)
    assert copies.beside(100 * FRAME, bundle(100)) == ()


def test_single_frames_are_copied_whole_packets_back() -> None:
    copies = RedundancyEncoder(2)
    *_, last = [copies.beside(number * FRAME, TOC + bytes([number])) for number in range(4)]
    assert last == (Copy(2 * FRAME, TOC + b"\x01"),)


def test_the_distance_may_change_at_any_time() -> None:
    copies = RedundancyEncoder()
    sent(copies, 4)
    copies.redundancy = 2
    (copy,) = copies.beside(8 * FRAME, bundle(8))
    assert numbers(copy) == [3, 4]


@pytest.mark.parametrize("distance", [-1, 3])
def test_no_other_distance_is_taken(distance: int) -> None:
    with pytest.raises(ValueError, match="0, 1 or 2"):
        RedundancyEncoder().redundancy = distance


def test_what_a_pause_left_out_is_not_copied() -> None:
    copies = RedundancyEncoder(1)
    copies.beside(0, bundle(0))
    copies.beside(2 * FRAME, bundle(2))
    assert copies.beside(20 * FRAME, bundle(20)) == ()
    (copy,) = copies.beside(22 * FRAME, bundle(22))
    assert numbers(copy) == [20]


def test_frames_of_different_configurations_are_copied_apart() -> None:
    copies = RedundancyEncoder(1)
    copies.beside(0, bundle(0))
    copies.beside(2 * FRAME, opus_packet.join([b"\x38\x02\x07", b"\x38\x03\x07"]))
    apart = copies.beside(4 * FRAME, bundle(4))
    assert apart == (Copy(3 * FRAME, TOC + b"\x01\x07"), Copy(2 * FRAME, b"\x38\x02\x07"))


def test_frames_apart_in_time_are_copied_apart() -> None:
    copies = RedundancyEncoder(2)
    for at in (0, 2):
        copies.beside(at * FRAME, TOC + bytes([at]))
    apart = copies.beside(5 * FRAME, bundle(5))
    assert apart == (Copy(5 * FRAME, TOC + b"\x00"),)
    copies.beside(6 * FRAME, TOC + b"\x06")
    assert [copy.offset for copy in copies.beside(10 * FRAME, opus_packet.join([bundle(10)]))] == [5 * FRAME, 4 * FRAME]


def test_garbage_is_refused() -> None:
    with pytest.raises(PacketError):
        RedundancyEncoder(1).beside(0, b"")


@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from([1, 2]), st.integers(0, 2)), max_size=30))
def test_every_copy_is_what_was_sent_then(steps: list[tuple[int, int, int]]) -> None:
    """Whatever pauses, bundles and distances there are."""
    copies, now, log = RedundancyEncoder(), 0, {}
    for number, (pause, count, redundancy) in enumerate(steps):
        now += pause * FRAME
        copies.redundancy = redundancy
        frames = [TOC + bytes([number, index]) for index in range(count)]
        for copy in copies.beside(now, opus_packet.join(frames)):
            for index, frame in enumerate(opus_packet.split(copy.payload)):
                assert log.get(now - copy.offset + index * FRAME, TOC) == frame
        log |= {now + index * FRAME: frame for index, frame in enumerate(frames)}
        now += count * FRAME
