"""Checkpoints: what they prove, whose they are, any bytes."""

from __future__ import annotations

import pytest
from audience import SPEAKER
from hypothesis import given
from hypothesis import strategies as st

from protocol.audience import checkpoint
from protocol.audience.checkpoint import CheckpointWriter, digest_of
from protocol.audience.signing import SpeakerKey, SpeakerName
from protocol.errors import SealError

TOPIC = "abcdefgh/v"
SPEAKER_NAME = SpeakerName(SPEAKER.digest)
SPEAKER_NAME.meet(SPEAKER.public)


def written(messages: int, key: SpeakerKey = SPEAKER) -> bytes:
    writer = CheckpointWriter(key, TOPIC, 5)
    for number in range(messages):
        writer.add(number, b"message %d" % number)
    return writer.write(messages - 1)


@pytest.mark.parametrize("messages", [1, 4, 8, 20])
def test_it_proves_the_last_eight(messages: int) -> None:
    read = checkpoint.read(written(messages), messages - 1, SPEAKER_NAME, TOPIC, 5)
    expected = {number: digest_of(number, b"message %d" % number) for number in range(messages)}
    assert read.proven == dict(list(expected.items())[-8:])


@pytest.mark.parametrize(("number", "topic", "session"), [(8, TOPIC, 5), (7, "abcdefgh/t", 5), (7, TOPIC, 6)])
def test_it_holds_for_its_number_topic_and_session(number: int, topic: str, session: int) -> None:
    with pytest.raises(SealError):
        checkpoint.read(written(8), number, SPEAKER_NAME, topic, session)


def test_another_keys_is_refused() -> None:
    with pytest.raises(SealError):
        checkpoint.read(written(8, SpeakerKey(bytes(32))), 7, SPEAKER_NAME, TOPIC, 5)


def test_before_the_speaker_is_known_nothing_is_believed() -> None:
    with pytest.raises(SealError):
        checkpoint.read(written(8), 7, SpeakerName(SPEAKER.digest), TOPIC, 5)


@given(st.binary(max_size=140), st.integers(0, 2**32 - 1))
def test_any_bytes_are_refused(data: bytes, number: int) -> None:
    with pytest.raises(SealError):
        checkpoint.read(data, number, SPEAKER_NAME, TOPIC, 5)
