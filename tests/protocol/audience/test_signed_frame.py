"""Signed frames: there and back, and for their topic, session and number alone."""

from __future__ import annotations

import pytest
from audience import SECRET, SPEAKER
from hypothesis import given
from hypothesis import strategies as st

from protocol.audience import signed_frame
from protocol.audience.epochs import Chain, Keys
from protocol.audience.signing import SpeakerName
from protocol.errors import RemoteError, SealError, SignatureError

KEYS = Keys(Chain(5, SECRET), 7)
NAME = SpeakerName(SPEAKER.digest)
NAME.meet(SPEAKER.public)


def opened(data: bytes, topic: str = "abcdefgh/t", session: int = 7) -> bytes:
    number = signed_frame.number_of(data)
    plain = KEYS.open(5, topic, number, signed_frame.sealed_part(data))
    return signed_frame.check(plain, topic, NAME, session, number)


@given(st.binary(max_size=2000), st.integers(0, 2**32 - 1))
def test_every_frame_comes_back(payload: bytes, number: int) -> None:
    data = signed_frame.seal(KEYS, 5, "abcdefgh/t", SPEAKER, 7, number, payload)
    assert opened(data) == payload
    assert signed_frame.number_of(data) == number


def test_it_holds_for_its_topic_and_session() -> None:
    data = signed_frame.seal(KEYS, 5, "abcdefgh/t", SPEAKER, 7, 1, b"words")
    with pytest.raises(SealError):
        opened(data, topic="abcdefgh/p0")
    with pytest.raises(SignatureError):
        opened(data, session=8)


@given(st.binary(max_size=300) | st.binary(min_size=2180, max_size=2200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteError):
        opened(data)
