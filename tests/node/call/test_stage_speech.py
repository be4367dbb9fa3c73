"""A member's packets put in order for the audience: late ones, copies, losses, pauses, other frames."""

from __future__ import annotations

import random

import pytest
from audience import packet, pause

from node.call.stage_speech import HOLD_S, StagePacket, StageSpeech
from protocol.errors import PacketError
from protocol.rtp.red import Copy
from protocol.speech import opus_packet, opus_padding

SAMPLES = 5760  # of 120 ms
ORIGIN = 2**32 - 3 * SAMPLES  # the time line wraps after three packets


def frames(packets: list[StagePacket]) -> list[tuple[int, bytes]]:
    """Each frame and when it begins, however they were joined."""
    found = []
    for first, payload in packets:
        start = first
        for frame in opus_packet.split(payload):
            found.append((start, frame))
            start += round(opus_packet.duration_ms(frame) / 10)
    return found


def expected(numbers: list[int]) -> list[tuple[int, bytes]]:
    return frames([StagePacket(number * 12, packet(number)) for number in numbers])


def receive(speech: StageSpeech, number: int, now: float, *copies: Copy) -> list[StagePacket]:
    return speech.receive((ORIGIN + number * SAMPLES) % 2**32, packet(number), copies, now)


def test_packets_in_order_go_on_at_once_as_they_came() -> None:
    speech = StageSpeech()
    for number in range(6):
        assert receive(speech, number, number * 0.12) == [StagePacket(number * 12, packet(number))]
    assert speech.deadline() is None


def test_a_packet_keeps_what_is_in_its_padding_unless_others_join_it() -> None:
    speech = StageSpeech()
    filled = opus_padding.add(packet(0), b"gains")
    assert speech.receive(ORIGIN, filled, (), 0.0) == [StagePacket(0, filled)]
    late, missing = opus_padding.add(packet(2), b"gains"), packet(1)
    assert speech.receive((ORIGIN + 2 * SAMPLES) % 2**32, late, (), 0.1) == []
    ready = speech.receive((ORIGIN + SAMPLES) % 2**32, missing, (), 0.2)
    assert ready == [StagePacket(12, missing), StagePacket(24, late)]


def test_shuffled_and_doubled_ones_go_on_once_and_in_order() -> None:
    speech, order = StageSpeech(), list(range(1, 24))
    for at in range(0, len(order) - 2, 3):
        part = order[at : at + 3]
        random.Random(at).shuffle(part)
        order[at : at + 3] = part
    gone = receive(speech, 0, 0.0)
    for number in order + order[-3:]:
        gone += receive(speech, number, 0.1)
    assert frames(gone) == expected(list(range(24)))


def test_a_lost_packet_is_waited_for_and_then_left_out() -> None:
    speech = StageSpeech()
    receive(speech, 0, 0.0)
    assert receive(speech, 2, 0.24) == []
    assert speech.deadline() == 0.24 + HOLD_S
    assert speech.due(0.24 + HOLD_S) == [StagePacket(24, packet(2))]
    assert receive(speech, 1, 1.0) == []  # too late


def test_a_lost_packet_comes_back_by_its_copy() -> None:
    speech = StageSpeech()
    gone = receive(speech, 0, 0.0)
    gone += receive(speech, 2, 0.24, Copy(SAMPLES, packet(1)))
    assert frames(gone) == expected([0, 1, 2])


def test_after_a_pause_nothing_is_waited_for() -> None:
    speech = StageSpeech()
    receive(speech, 0, 0.0)
    speech.receive((ORIGIN + SAMPLES) % 2**32, pause(0), (), 0.12)
    assert receive(speech, 50, 6.0) == [StagePacket(600, packet(50))]


def test_a_member_is_heard_for_longer_than_its_timestamps_last() -> None:
    speech, hour = StageSpeech(), 30_000  # packets of 120 ms
    receive(speech, 0, 0.0)
    for number in range(hour, 30 * hour, hour):
        speech.due(number * 0.12)
        gone = receive(speech, number, number * 0.12) + speech.due(number * 0.12 + HOLD_S)
        assert gone == [StagePacket(number * 12, packet(number))]


def test_another_configuration_goes_in_a_packet_of_its_own() -> None:
    speech = StageSpeech()
    receive(speech, 0, 0.0)
    other = bytes((0x08,)) + bytes(30)  # 20 ms
    assert speech.receive((ORIGIN + SAMPLES) % 2**32, other, (), 0.12) == [StagePacket(12, other)]


def test_no_opus_is_refused_and_what_waits_is_bounded() -> None:
    speech = StageSpeech()
    with pytest.raises(PacketError):
        speech.receive(0, b"", (), 0.0)
    receive(speech, 0, 0.0)
    for number in range(2, 2000):
        receive(speech, number, 0.1)
    assert len(frames(speech.due(10.0))) <= 256
