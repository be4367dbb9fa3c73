"""The codec that a room gets, and the reasons for one that is not our newest."""

from __future__ import annotations

import pytest
from stand_in_codec import OTHERS, OURS, STAND_IN, stand_in_codecs
from tiny_codebook import extension, file, parts

from protocol.captions import CaptionCodecs
from protocol.captions.negotiation import CodecChoice, choose_codec
from protocol.captions.registry import Codec
from protocol.signalling import Carries, Hello

CODECS = stand_in_codecs()
BOTH = (0, 1, STAND_IN)
ANN = Hello(1, "ann", Carries.EVERYTHING, BOTH, (OURS,))
BO = Hello(2, "bo", Carries.PICTURES_IN, BOTH, (OTHERS,))
LACKS = f"lacks caption codec {STAND_IN}: captions to this room go as plain text"
OLD = Hello(3, "", Carries.PICTURES_IN, (0, 1))
DEAF = Hello(4, "eve", Carries.PICTURES_OUT | Carries.SPEECH_IN, (0,))
MORE = Hello(5, "cy", Carries.EVERYTHING, (*BOTH, 255), (OTHERS, OURS))


@pytest.mark.parametrize("hellos", [[], [ANN], [ANN, DEAF], [ANN, MORE], [DEAF]])
def test_who_agrees_gets_the_newest_and_no_word(hellos: list[Hello]) -> None:
    assert choose_codec(CODECS, hellos) == CodecChoice(STAND_IN, reasons=())


@pytest.mark.parametrize(
    ("hellos", "reasons"),
    [
        ([ANN, BO], ("bo's codebook differs from ours: captions to this room go as plain text",)),
        ([OLD, ANN], (f"someone {LACKS}",)),
        ([Hello(6, "nil", Carries.PICTURES_IN, ())], (f"nil {LACKS}",)),
    ],
)
def test_who_does_not_agree_gets_plain_text_for_a_reason(hellos: list[Hello], reasons: tuple[str, ...]) -> None:
    assert choose_codec(CODECS, hellos) == CodecChoice(codec=0, reasons=reasons)


def test_each_one_who_does_not_agree_is_named() -> None:
    assert [reason.partition(" ")[0] for reason in choose_codec(CODECS, [BO, OLD]).reasons] == ["bo's", "someone"]


def test_a_codec_between_is_named() -> None:
    between = Codec("the one before", lambda text, _: (b"", 0, 0.0), lambda data, _: "", lossless=True)
    hello = Hello(2, "bo", Carries.PICTURES_IN, (*BOTH, 100), (OTHERS,))
    choice = choose_codec(stand_in_codecs(c100=between), [hello])
    assert choice.codec == 100
    assert choice.reasons == (
        "bo's codebook differs from ours: captions to this room go as codec 100 (the one before)",
    )


def test_a_node_without_codec_3_or_with_another_world_gets_codec_2() -> None:
    codecs = CaptionCodecs(file(parts()), file(extension()))
    former, newest = codecs.codebooks()
    both = Hello(7, "dee", Carries.PICTURES_IN, (0, 1, 2, 3), (former, newest))
    older = Hello(8, "old", Carries.PICTURES_IN, (0, 1, 2), (former,))
    other = Hello(9, "new", Carries.PICTURES_IN, (0, 1, 2, 3), (former, OTHERS))
    assert choose_codec(codecs, [both]) == CodecChoice(3)
    assert choose_codec(codecs, [both, older]) == CodecChoice(
        2, ("old lacks caption codec 3: captions to this room go as codec 2 (words)",)
    )
    assert choose_codec(codecs, [other]) == CodecChoice(
        2, ("new's codebook differs from ours: captions to this room go as codec 2 (words)",)
    )
    assert choose_codec(CaptionCodecs(file(parts())), [both]) == CodecChoice(2)
