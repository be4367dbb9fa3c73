"""What goes as one message to the broker: 120 ms, whatever the profile's packets are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import PacketError
from protocol.speech import opus_packet, opus_padding
from protocol.speech.broker_bundle import BrokerBundle, Bundled

MS = 48
FRAME_60 = b"\x18" + bytes(range(40))
FRAME_20 = b"\x08" + bytes(range(20))
FRAME_40 = b"\x10" + bytes(range(30))
BUNDLE = opus_packet.join([FRAME_60, FRAME_60])


def test_a_packet_of_120_ms_goes_as_it_is() -> None:
    bundle = BrokerBundle()
    assert bundle.add(0, BUNDLE) == [Bundled(0, BUNDLE, 1)]
    assert bundle.add(120 * MS, BUNDLE) == [Bundled(2, BUNDLE, 1)]


def test_what_is_in_its_padding_stays_there() -> None:
    filled = opus_padding.add(BUNDLE, b"gains")
    assert BrokerBundle().add(0, filled) == [Bundled(0, filled, 1)]


@pytest.mark.parametrize(("frame", "ms"), [(FRAME_60, 60), (FRAME_20, 20), (FRAME_40, 40)])
def test_shorter_packets_are_joined_to_120_ms(frame: bytes, ms: int) -> None:
    bundle, count = BrokerBundle(), 120 // ms
    for message in range(3):
        begin = message * 120 * MS
        for n in range(count - 1):
            assert bundle.add(begin + n * ms * MS, frame) == []
        (done,) = bundle.add(begin + (count - 1) * ms * MS, frame)
        assert done == Bundled(2 * message, opus_packet.join([frame] * count), count)


def test_a_pause_sends_what_waits() -> None:
    bundle = BrokerBundle()
    assert bundle.add(0, FRAME_60) == []
    (done,) = bundle.add(60 * MS, b"\x18")
    assert opus_packet.begins_pause(done.packet)
    assert bundle.add(6000 * MS, FRAME_60) == []
    assert bundle.flush() == [Bundled(100, FRAME_60, 1)]
    assert bundle.flush() == []


def test_a_gap_and_another_configuration_send_what_waits() -> None:
    bundle = BrokerBundle()
    bundle.add(0, FRAME_60)
    assert bundle.add(180 * MS, FRAME_60) == [Bundled(0, FRAME_60, 1)]
    assert bundle.add(240 * MS, FRAME_20) == [Bundled(3, FRAME_60, 1)]


def test_what_is_cut_within_60_ms_covers_no_time_twice() -> None:
    bundle = BrokerBundle()
    bundle.add(0, FRAME_20)
    (first,) = bundle.add(20 * MS, FRAME_60)
    (second,) = bundle.add(80 * MS, BUNDLE)[:1]
    assert (first.time, second.time) == (0, 1)
    assert second.time * 60 >= first.time * 60 + 20


def test_what_is_no_packet_changes_nothing() -> None:
    bundle = BrokerBundle()
    bundle.add(0, FRAME_60)
    with pytest.raises(PacketError):
        bundle.add(60 * MS, b"")
    (done,) = bundle.add(60 * MS, FRAME_60)
    assert done.packets == 2


@given(st.lists(st.tuples(st.sampled_from([FRAME_20, FRAME_40, FRAME_60, BUNDLE, b"\x18"]), st.integers(0, 5))))
def test_messages_never_overlap_and_lose_nothing(packets: list[tuple[bytes, int]]) -> None:
    bundle, at, messages = BrokerBundle(), 0, []
    for packet, gap in packets:
        at += gap * 20 * MS
        messages += bundle.add(at, packet)
        at += round(opus_packet.duration_ms(packet) * MS)
    messages += bundle.flush()
    assert sum(message.packets for message in messages) == len(packets)
    end = 0.0
    for message in messages:
        assert message.time * 60 >= end
        assert opus_packet.duration_ms(message.packet) <= 120
        end = message.time * 60 + opus_packet.duration_ms(message.packet)
