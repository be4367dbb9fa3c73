from __future__ import annotations

from protocol.speech import opus_packet
from protocol.speech.frame_buffer import FrameBuffer, frames_of, frames_of_copy


def test_a_bundle_becomes_frames_of_their_own() -> None:
    packet = opus_packet.parse(opus_packet.join([b"\x18one", b"\x18three"]))
    one, three = frames_of(packet, number=7, timestamp=480, arrived_ms=5)
    assert (one.packet, one.timestamp, one.end) == (b"\x18one", 480, 480 + 2880)
    assert (three.packet, three.timestamp, three.number) == (b"\x18three", 480 + 2880, 7)


def test_frames_wait_in_order() -> None:
    buffer = FrameBuffer()
    one, two = frames_of(opus_packet.parse(opus_packet.join([b"\x18a", b"\x18b"])), number=0, timestamp=0, arrived_ms=0)
    buffer.put(two)
    buffer.put(one)
    assert buffer.milliseconds == 120
    assert buffer.first is one
    assert [buffer.pop(), buffer.pop()] == [one, two]
    assert buffer.first is None


def test_the_first_to_come_keeps_its_place() -> None:
    buffer = FrameBuffer()
    (first,) = frames_of(opus_packet.parse(b"\x18a"), number=0, timestamp=0, arrived_ms=0)
    (second,) = frames_of(opus_packet.parse(b"\x18b"), number=1, timestamp=0, arrived_ms=0)
    assert buffer.put(first)
    assert not buffer.put(second)
    assert buffer.pop() is first
    assert buffer.milliseconds == 0


def test_frames_of_a_copy_go_where_they_were_and_know_their_packets() -> None:
    """The last frame of packet 5 and the first of packet 6, brought along by packet 7 of two frames each."""
    beside = frames_of(opus_packet.parse(b"\x18x"), number=7, timestamp=7 * 5760, arrived_ms=5)[0]
    copy = opus_packet.parse(opus_packet.join([b"\x18one", b"\x18three"]))
    one, three = frames_of_copy(copy, 3 * 2880, beside, packet_samples=5760)
    assert (one.packet, one.timestamp, one.number) == (b"\x18one", 7 * 5760 - 3 * 2880, 5)
    assert (three.packet, three.timestamp, three.number) == (b"\x18three", 7 * 5760 - 2 * 2880, 6)
    assert one.arrived_ms == 5
