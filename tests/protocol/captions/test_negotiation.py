"""The codec that a room gets, and what its user is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stand_in_codec import OTHERS, OURS, STAND_IN, registered

from protocol.captions import registry
from protocol.captions.negotiation import CodecChoice
from protocol.signalling import Carries, Hello

BOTH = (0, 1, STAND_IN)
ANN = Hello(1, "ann", Carries.EVERYTHING, BOTH, (OURS,))
BO = Hello(2, "bo", Carries.PICTURES_IN, BOTH, (OTHERS,))
LACKS = f"lacks caption codec {STAND_IN}: captions to this room go as plain text"
OLD = Hello(3, "", Carries.PICTURES_IN, (0, 1))
DEAF = Hello(4, "eve", Carries.PICTURES_OUT | Carries.SPEECH_IN, (0,))
MORE = Hello(5, "cy", Carries.EVERYTHING, (*BOTH, 255), (OTHERS, OURS))


@pytest.fixture(autouse=True)
def stand_in() -> Iterator[int]:
    with registered() as codec:
        yield codec


@pytest.mark.parametrize("hellos", [[], [ANN], [ANN, DEAF], [ANN, MORE], [DEAF]])
def test_who_agrees_gets_the_newest_and_no_word(hellos: list[Hello]) -> None:
    notes: list[str] = []
    assert CodecChoice(notes.append).choose(hellos) == STAND_IN
    assert notes == []


@pytest.mark.parametrize(
    ("hellos", "said"),
    [
        ([ANN, BO], ["bo's codebook differs from ours: captions to this room go as plain text"]),
        ([OLD, ANN], [f"someone {LACKS}"]),
        ([Hello(6, "nil", Carries.PICTURES_IN, ())], [f"nil {LACKS}"]),
    ],
)
def test_who_does_not_agree_gets_plain_text_and_the_user_is_told_once(hellos: list[Hello], said: list[str]) -> None:
    notes: list[str] = []
    choice = CodecChoice(notes.append)
    assert [choice.choose(hellos) for _ in range(3)] == [0, 0, 0]
    assert choice.choose([ANN]) == STAND_IN
    assert choice.choose(hellos) == 0
    assert notes == said


def test_each_one_who_does_not_agree_is_named() -> None:
    notes: list[str] = []
    choice = CodecChoice(notes.append)
    choice.choose([BO])
    choice.choose([BO, OLD])
    assert [note.partition(" ")[0] for note in notes] == ["bo's", "someone"]


def test_a_codec_between_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    between = registry.Codec("the one before", registry._REGISTRY[0].encode, registry._REGISTRY[0].decode, True)
    monkeypatch.setitem(registry._REGISTRY, 100, between)
    monkeypatch.setattr(registry, "CODECS", tuple(registry._REGISTRY))
    notes: list[str] = []
    hello = Hello(2, "bo", Carries.PICTURES_IN, (*BOTH, 100), (OTHERS,))
    assert CodecChoice(notes.append).choose([hello]) == 100
    assert notes == ["bo's codebook differs from ours: captions to this room go as codec 100 (the one before)"]
