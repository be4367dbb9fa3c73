"""Speech through the broker: what opens, and what an attacker with the broker in hand can do."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import SealError
from protocol.room_secret import RoomSecret
from protocol.sealing import MAX_NUMBER, REPLAY_WINDOW, Opener, Sealer
from protocol.speech_sealing import (
    MAX_PACKET_BYTES,
    SHORTEST_S,
    SPEECH_OVERHEAD,
    TIME_UNIT,
    BrokerSpeech,
    SpeechOpener,
    SpeechSealer,
)
from protocol.topics import Letter, Topic

SECRET, OTHER_SECRET = RoomSecret(b"the room's keys!"), RoomSecret(b"another room's!!")
TOPIC = Topic(SECRET.room_id(), "anna", Letter.SPEECH)
NOW = 100.0
PACKET = b"\x19" + bytes(range(100))


def meet(oldest: int = 0, session: int = 1) -> tuple[SpeechSealer, SpeechOpener]:
    opener = SpeechOpener(SECRET)
    opener.admit("anna", session, oldest, NOW)
    return SpeechSealer(SECRET, "anna", session), opener


@given(st.integers(0, 2**24 - 1), st.binary(max_size=MAX_PACKET_BYTES))
def test_what_is_sealed_opens_once(time: int, packet: bytes) -> None:
    sealer, opener = meet()
    sealed = sealer.seal(time, packet)
    assert len(sealed) == SPEECH_OVERHEAD + len(packet)
    assert opener.open(TOPIC, sealed, NOW) == BrokerSpeech(0, time, packet)
    with pytest.raises(SealError):
        opener.open(TOPIC, sealed, NOW)


def test_the_bytes_on_the_wire_are_pinned() -> None:
    sealed = SpeechSealer(SECRET, "anna", 1).seal(513, b"\x19words")
    assert sealed.hex() == "0000318f448c52eb133e85cdfd78d3314f5bfe"


def test_the_time_is_rtps_timestamp() -> None:
    assert BrokerSpeech(0, 3, b"").timestamp == 3 * TIME_UNIT == 8640
    assert BrokerSpeech(0, 2**24 - 1, b"").timestamp == (2**24 - 1) * TIME_UNIT % 2**32


def test_a_time_beyond_three_bytes_wraps() -> None:
    sealer, opener = meet()
    assert opener.open(TOPIC, sealer.seal(2**24 + 5, PACKET), NOW).time == 5


def test_every_flipped_bit_is_noticed() -> None:
    sealer, opener = meet()
    sealed = sealer.seal(7, b"words")
    for bit in range(len(sealed) * 8):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealError):
            opener.open(TOPIC, bytes(damaged), NOW)
    assert opener.open(TOPIC, sealed, NOW).packet == b"words"


def test_every_truncation_and_every_addition_is_noticed() -> None:
    sealer, opener = meet()
    sealed = sealer.seal(7, b"words")
    for other in [*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(SealError):
            opener.open(TOPIC, other, NOW)
    with pytest.raises(SealError, match="bytes"):
        opener.open(TOPIC, sealer.seal(7, bytes(MAX_PACKET_BYTES + 1)), NOW)


def test_nothing_opens_in_another_room_session_topic_or_purpose() -> None:
    sealer, _ = meet()
    sealed = sealer.seal(7, PACKET)
    for secret, session, topic in [
        (OTHER_SECRET, 1, TOPIC),
        (SECRET, 2, TOPIC),
        (SECRET, 1, Topic(TOPIC.room, "anna", Letter.TEXT)),
        (SECRET, 1, Topic(TOPIC.room, "bobb", Letter.SPEECH)),
    ]:
        opener = SpeechOpener(secret)
        opener.admit(topic.node, session, 0, NOW)
        with pytest.raises(SealError):
            opener.open(topic, sealed, NOW)
    frames = Opener(SECRET, "bobb", 2)
    frames.admit("anna", 1, (0, 0, 0))
    with pytest.raises(SealError):
        frames.frame(Topic(TOPIC.room, "anna", Letter.TEXT), sealed)
    with pytest.raises(SealError):
        meet()[1].open(TOPIC, Sealer(SECRET, "anna", 1).frame(Letter.TEXT, PACKET, retained=False), NOW)


def test_reordered_within_the_window_opens_once_and_past_it_does_not() -> None:
    sealer, opener = meet()
    sealed = [sealer.seal(number, b"%d" % number) for number in range(REPLAY_WINDOW + 1)]
    for message in reversed(sealed[1:]):
        opener.open(TOPIC, message, NOW)
    for message in sealed:
        with pytest.raises(SealError):
            opener.open(TOPIC, message, NOW)


def test_speech_from_before_the_hello_is_refused() -> None:
    sealer, _ = meet()
    past = [sealer.seal(number, PACKET) for number in range(3)]
    opener = SpeechOpener(SECRET)
    opener.admit("anna", 1, sealer.next, NOW)
    for message in past:
        with pytest.raises(SealError):
            opener.open(TOPIC, message, NOW)
    assert opener.open(TOPIC, sealer.seal(3, PACKET), NOW).number == 3


def test_who_is_not_admitted_or_was_dismissed_is_not_heard() -> None:
    sealer, opener = meet()
    opener.dismiss("anna")
    with pytest.raises(SealError, match="no peer"):
        opener.open(TOPIC, sealer.seal(0, PACKET), NOW)


def test_who_listens_again_after_hours_finds_the_number() -> None:
    sealer, opener = meet()
    for hours in (1, 5, 12):
        spoken = int(hours * 3600 / 0.12)
        sealer.skip(spoken)
        now = NOW + hours * 3600
        assert opener.open(TOPIC, sealer.seal(7, PACKET), now).number == sealer.next - 1
        opener.admit("anna", 1, sealer.next, NOW)


def test_a_number_that_cannot_be_yet_is_not_looked_for() -> None:
    sealer, opener = meet()
    sealer.skip(2**16)
    sealed = sealer.seal(7, PACKET)
    with pytest.raises(SealError):
        opener.open(TOPIC, sealed, NOW + 2**15 * SHORTEST_S - 1)
    assert opener.open(TOPIC, sealed, NOW + 2**16 * SHORTEST_S + 1).number == 2**16


def test_what_could_not_leave_is_missing_in_the_numbers() -> None:
    sealer, opener = meet()
    first = opener.open(TOPIC, sealer.seal(0, PACKET), NOW)
    sealer.skip(2)
    assert opener.open(TOPIC, sealer.seal(6, PACKET), NOW).number == first.number + 3


def test_after_the_last_number_nothing_more_is_sealed() -> None:
    sealer, opener = meet(oldest=MAX_NUMBER)
    sealer.skip(MAX_NUMBER)
    assert opener.open(TOPIC, sealer.seal(0, PACKET), NOW).number == MAX_NUMBER
    sealer.skip()
    with pytest.raises(ValueError, match=r"2\^32"):
        sealer.seal(0, PACKET)


def test_a_flood_of_forgeries_changes_nothing() -> None:
    rng = random.Random(1)
    sealer, opener = meet()
    for _ in range(2000):
        with pytest.raises(SealError):
            opener.open(TOPIC, rng.randbytes(120), NOW)
    assert opener.open(TOPIC, sealer.seal(0, PACKET), NOW).packet == PACKET


@given(st.binary(max_size=200), st.floats(0, 1e6))
def test_any_bytes_open_or_raise_the_documented_error(data: bytes, later: float) -> None:
    _, opener = meet()
    with pytest.raises(SealError):
        opener.open(TOPIC, data, NOW + later)
