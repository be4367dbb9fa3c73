"""Packets gathered into messages of 240 ms: full, broken off by a pause or a gap, or long enough alone."""

from __future__ import annotations

import pytest
from audience import packet, pause

from protocol.audience.bundling import LONGEST_WAIT_S, Bundler
from protocol.audience.speech_message import SpeechMessage
from protocol.errors import PacketError


def test_two_packets_make_a_message() -> None:
    bundler = Bundler()
    assert bundler.add(0, 0, packet(0), 0.0) == []
    assert bundler.add(0, 12, packet(1), 0.12) == [SpeechMessage(0, 0, (packet(0), packet(1)))]
    assert bundler.deadline() is None


def test_members_are_gathered_apart() -> None:
    bundler = Bundler()
    assert bundler.add(0, 0, packet(0), 0.0) == bundler.add(1, 5, packet(1), 0.0) == []
    assert bundler.add(1, 17, packet(2), 0.12) == [SpeechMessage(1, 5, (packet(1), packet(2)))]


def test_a_gap_and_a_pause_end_a_message() -> None:
    bundler = Bundler()
    bundler.add(0, 0, packet(0), 0.0)
    assert bundler.add(0, 24, packet(1), 0.24) == [SpeechMessage(0, 0, (packet(0),))]
    assert bundler.add(0, 36, pause(0), 0.36) == [SpeechMessage(0, 24, (packet(1), pause(0)))]


def test_what_nothing_follows_goes_alone() -> None:
    bundler = Bundler()
    bundler.add(0, 0, packet(0), 1.0)
    assert bundler.deadline() == 1.0 + LONGEST_WAIT_S
    assert bundler.due(1.0) == []
    assert bundler.due(1.0 + LONGEST_WAIT_S) == [SpeechMessage(0, 0, (packet(0),))]


def test_short_packets_make_no_message_of_more_than_it_holds() -> None:
    bundler, messages = Bundler(), []
    for number in range(60):  # of 10 ms each
        messages += bundler.add(0, number, bytes((0,)) + bytes(20), number / 100)
    messages += bundler.rest()
    assert sum(len(message.packets) for message in messages) == 60


def test_no_opus_is_refused() -> None:
    with pytest.raises(PacketError):
        Bundler().add(0, 0, b"", 0.0)
