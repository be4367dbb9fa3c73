"""RTCP packets of the application's own."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtcpPacket, RtcpReceiverInfo, RtcpRrPacket, is_rtcp
from hypothesis import given
from hypothesis import strategies as st

from protocol.rtp.app_packet import MAX_WORDS_BYTES, pack, parse

REPORT = bytes(RtcpRrPacket(1, [RtcpReceiverInfo(2, 0, 0, 0, 0, 0, 0)]))


@given(st.integers(0, 2**32 - 1), st.binary(max_size=MAX_WORDS_BYTES))
def test_words_come_back_alone_and_beside_reports(source: int, words: bytes) -> None:
    packet = pack(source, words)
    assert len(packet) % 4 == 0
    assert list(parse(packet)) == [words]
    assert list(parse(REPORT + packet + REPORT + packet)) == [words, words]


def test_programs_that_know_none_read_what_is_beside_it() -> None:
    packet = pack(7, b"words")
    assert is_rtcp(packet)
    assert RtcpPacket.parse(packet) == []
    assert len(RtcpPacket.parse(packet + REPORT)) == 1


def test_a_word_of_the_floor_takes_five_words_of_rtcp() -> None:
    assert len(pack(7, b"12345")) == 20


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="256 bytes"):
        pack(7, bytes(256))


def test_other_packets_are_passed_over() -> None:
    packet = pack(7, b"words")
    assert list(parse(REPORT)) == []
    assert list(parse(packet.replace(b"pcto", b"else"))) == []
    assert list(parse(packet[:-1])) == []
    assert list(parse(packet[:12] + b"\xff" + packet[13:])) == []
    assert list(parse(bytes([packet[0] | 0x20]) + packet[1:])) == []


@given(st.binary(max_size=100))
def test_any_bytes_are_read(data: bytes) -> None:
    list(parse(data))
