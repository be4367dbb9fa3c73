"""The speaker's key: its vectors, and nothing of it in any text."""

from __future__ import annotations

import pytest

from protocol.audience.signing import SpeakerKey, SpeakerName
from protocol.errors import SignatureError

KEY = SpeakerKey(bytes(range(32)))


def test_its_vectors() -> None:
    assert KEY.public.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert KEY.digest.hex() == "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c"
    assert KEY.sign("abcdefgh/t", b"words").hex() == (
        "2a9d3047521227a321d46fe07969b946fc9439ec0aaec90164322d54c7fff6a1"
        "394b6ba7abd962734a69faea739e53cc23136bd7d99bb3451e3217a9de7e690c"
    )


def test_a_signature_holds_for_its_topic_and_content() -> None:
    name = SpeakerName(KEY.digest)
    assert name.meet(KEY.public)
    signature = KEY.sign("abcdefgh/t", b"words")
    name.check("abcdefgh/t", b"words", signature)
    for topic, content in (("abcdefgh/p0", b"words"), ("abcdefgh/t", b"word")):
        with pytest.raises(SignatureError):
            name.check(topic, content, signature)


def test_another_key_is_not_met() -> None:
    name = SpeakerName(KEY.digest)
    assert not name.meet(SpeakerKey(bytes(32)).public)
    assert not name.meet(b"")


def test_a_seed_of_another_length_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes") as caught:
        SpeakerKey(b"secret")
    assert "secret" not in str(caught.value)
    assert repr(bytes(range(32))) not in repr(KEY)
