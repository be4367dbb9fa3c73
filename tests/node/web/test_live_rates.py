from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from node.web.live_rates import LOSS_WINDOW, RTP_OVERHEAD, VIDEO_KBPS, LiveRates, frame_cost
from protocol import frames, topics
from protocol.room_secret import RoomSecret
from protocol.sealing import Sealer
from protocol.topics import Letter, Topic

WORD = b"\x50" + bytes(60)
PAUSE = b"\x50"


def talked(seconds: float, rates: LiveRates, skip: frozenset[int] = frozenset()) -> float:
    """Packets of 61 bytes, eight a second, but for some; returns the time after the last."""
    now = rates.began
    for number in range(round(seconds * 8)):
        now = rates.began + number / 8
        if number not in skip:
            rates.add_packet(number & 0xFFFF, WORD, 0, now)
    return now


def test_rates_are_those_of_the_last_moments() -> None:
    rates = LiveRates(began=100.0)
    now = talked(10, rates)
    read = rates.read(now)
    assert read["talking"] is True
    assert read["speech_kbps"] == pytest.approx(61 * 8 * 8 / 1000, rel=0.07)
    assert read["wire_kbps"] == pytest.approx((61 + RTP_OVERHEAD) * 8 * 8 / 1000, rel=0.07)
    quiet = rates.read(now + 5)
    assert quiet["talking"] is False
    assert quiet["speech_kbps"] == quiet["wire_kbps"] == 0


def test_the_whole_call_is_set_against_video() -> None:
    rates = LiveRates(began=0.0)
    now = talked(10, rates)
    mean_kbps = (61 + RTP_OVERHEAD) * 80 * 8 / 1000 / now
    assert rates.read(now)["ratio_video"] == pytest.approx(VIDEO_KBPS / mean_kbps, rel=0.02)
    assert rates.read(2 * now)["ratio_video"] is None  # of silence


def test_pictures_are_set_against_raw_ones() -> None:
    rates = LiveRates(began=0.0)
    assert rates.read(0.0)["ratio_raw"] is None
    rates.add_picture(raw_bits=1_000_000, bits=30)
    rates.add_picture(raw_bits=1_000_000, bits=10)
    rates.add_frame(frame_cost(bytes(12)), 0.0)
    read = rates.read(30.0)
    assert read["ratio_raw"] == 50_000
    assert read["picture_bps"] == round(frame_cost(bytes(12)) * 8 / 30)


def test_loss_is_of_the_last_packets_and_copes_with_wrapping_and_reordering() -> None:
    rates = LiveRates(began=0.0)
    assert rates.loss is None
    for number in (65_534, 0, 65_535, 2, 3):
        rates.add_packet(number & 0xFFFF, WORD, 0, 0.0)
    assert rates.loss == pytest.approx(1 / 6)
    talked(LOSS_WINDOW / 4, rates := LiveRates(began=0.0), skip=frozenset({3}))
    assert rates.loss == 0


def test_another_stream_is_no_loss() -> None:
    rates = LiveRates(began=0.0)
    for number in (1, 2, 40_000, 40_001):
        rates.add_packet(number, WORD, 0, 0.0)
    assert rates.loss == 0


def test_a_pause_is_no_talking() -> None:
    rates = LiveRates(began=0.0)
    rates.add_packet(1, PAUSE, 0, 10.0)
    assert rates.read(10.0)["talking"] is False


@given(st.lists(st.tuples(st.integers(0, 65_535), st.binary(max_size=8), st.floats(0, 100))))
def test_nothing_that_comes_upsets_it(packets: list[tuple[int, bytes, float]]) -> None:
    rates = LiveRates(began=0.0)
    for number, payload, now in sorted(packets, key=lambda packet: packet[2]):
        rates.add_packet(number, payload, 0, now)
    assert 0 <= (rates.read(100.0)["loss"] or 0) < 1


@pytest.mark.parametrize("frame", [frames.Picture(70_000, 0, 2, b"words", 7, bytes(8)), frames.Hold(3)])
async def test_a_frame_costs_what_the_nodes_own_meter_counts(frame: frames.Frame) -> None:
    secret, node, encoded = RoomSecret(bytes(16)), topics.node_id(b"abc"), frames.encode(frame)
    sealed = Sealer(secret, node, session=1).frame(Letter.PICTURE, encoded, retained=True)
    message = Message(str(Topic(secret.room_id(), node, Letter.PICTURE)), sealed)
    link = MqttLink(BrokerAddress("127.0.0.1", 1883), on_message=lambda *_: None)
    assert frame_cost(encoded) == link.message_cost(message)
