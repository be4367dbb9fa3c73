"""What the caption process answers."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from node.captions import coding_server
from node.captions.coder import shipped_codecs

CODECS = shipped_codecs()

WORDS = "a cat on a bench"
CODED = CODECS.encode(WORDS, 2)


def answered(*request: Any) -> list[Any]:
    answer: list[Any] = msgpack.unpackb(coding_server.answer(CODECS, list(request)))
    return answer


def test_captions_are_coded_and_read() -> None:
    assert answered("encode", WORDS, 2) == ["coded", 2, CODED.data, CODED.bits, CODED.ideal_bits]
    assert answered("decode", 2, CODED.data, None, False) == ["read", WORDS, None]
    assert answered("decode", 2, CODED.data, None, True) == ["read", WORDS, CODED.bits]


def test_a_bad_caption_is_said_to_be_one() -> None:
    kind, why = answered("decode", 0, b"\xff", None, False)
    assert kind == "bad"
    assert why


@pytest.mark.parametrize("error", [ValueError, RecursionError, MemoryError])
def test_whatever_else_is_raised_is_an_answer_without_content(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def stumbling(*asked: object) -> str:
        raise error("a caption")

    monkeypatch.setattr(CODECS, "decode", stumbling)
    assert answered("decode", 0, b"x", None, False) == ["fault", error.__name__]


def test_words_that_no_reply_can_carry_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CODECS, "decode", lambda *asked: "\ud800")
    assert answered("decode", 0, b"x", None, False) == ["fault", "UnicodeEncodeError"]
