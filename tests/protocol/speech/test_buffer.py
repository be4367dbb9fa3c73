from __future__ import annotations

from protocol.speech import opus
from protocol.speech.buffer import FrameBuffer, frames_of


def test_a_bundle_becomes_frames_of_their_own() -> None:
    packet = opus.parse(opus.join([b"\x18one", b"\x18three"]))
    one, three = frames_of(packet, number=7, timestamp=480, arrived_ms=5)
    assert (one.packet, one.timestamp, one.end) == (b"\x18one", 480, 480 + 2880)
    assert (three.packet, three.timestamp, three.number) == (b"\x18three", 480 + 2880, 7)


def test_frames_wait_in_order() -> None:
    buffer = FrameBuffer()
    one, two = frames_of(opus.parse(opus.join([b"\x18a", b"\x18b"])), number=0, timestamp=0, arrived_ms=0)
    buffer.put(two)
    buffer.put(one)
    assert buffer.milliseconds == 120
    assert buffer.first is one
    assert [buffer.pop(), buffer.pop()] == [one, two]
    assert buffer.first is None


def test_the_first_to_come_keeps_its_place() -> None:
    buffer = FrameBuffer()
    (first,) = frames_of(opus.parse(b"\x18a"), number=0, timestamp=0, arrived_ms=0)
    (second,) = frames_of(opus.parse(b"\x18b"), number=1, timestamp=0, arrived_ms=0)
    buffer.put(first)
    buffer.put(second)
    assert buffer.pop() is first
    assert buffer.milliseconds == 0
