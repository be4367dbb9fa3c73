"""Messages of speech: there and back, golden bytes, any bytes."""

from __future__ import annotations

import pytest
from audience import packet
from hypothesis import given
from hypothesis import strategies as st

from protocol.audience.speech_message import MAX_SPEECH_BYTES, SpeechMessage, decode, with_checkpoint
from protocol.errors import PacketError

packets = st.lists(st.integers(0, 1000).map(packet) | st.binary(max_size=400).map(b"\x18".__add__), max_size=5)
messages = st.builds(SpeechMessage, st.integers(0, 7), st.integers(0, 2**32 - 1), packets.map(tuple))


@given(messages, st.binary(max_size=100))
def test_every_message_comes_back(message: SpeechMessage, checkpoint: bytes) -> None:
    content = message.encode()
    plain = with_checkpoint(content, checkpoint) if checkpoint else content
    assert decode(plain) == (message, content, checkpoint)


def test_its_bytes() -> None:
    message = SpeechMessage(3, 0x01020304, (b"\x18ab", b"\x18" + bytes(299)))
    assert message.encode() == bytes.fromhex("23 01020304 03 186162 fc0c 18") + bytes(299)
    assert message.duration_ms == 120


@given(st.binary(max_size=300) | messages.map(SpeechMessage.encode))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        message, content, checkpoint = decode(data)
    except PacketError:
        return
    assert (with_checkpoint(content, checkpoint) if checkpoint else content) == data
    assert message.duration_ms <= 15 * 120


@pytest.mark.parametrize("data", [b"", bytes(4), b"\x08" + bytes(4), b"\x10" + bytes(4), bytes(5) + b"\1"])
def test_what_is_too_short_or_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(PacketError):
        decode(data)


def test_what_is_longer_than_any_is_not_looked_at() -> None:
    with pytest.raises(PacketError):
        decode(bytes(MAX_SPEECH_BYTES + 1))


@pytest.mark.parametrize(("member", "start"), [(8, 0), (-1, 0), (0, 2**32), (0, -1)])
def test_no_member_and_no_time_are_refused(member: int, start: int) -> None:
    with pytest.raises(PacketError):
        SpeechMessage(member, start)
