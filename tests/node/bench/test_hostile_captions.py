from __future__ import annotations

from node.bench.hostile_captions import TEXTS, hostile_texts, worst_captions
from node.captions.coder import shipped_codecs
from protocol.captions.model_codec import MAX_TOKENS
from protocol.frames import MAX_CAPTION_BYTES

CODEC = shipped_codecs().modelled


def test_hostile_texts_are_modelled_and_fit_a_frame() -> None:
    for text in hostile_texts(CODEC, MAX_TOKENS).values():
        data = CODEC.encode(text)[0]
        assert data[:1] != b"\xff"
        assert len(data) <= MAX_CAPTION_BYTES


def test_the_worst_are_as_long_as_they_may_be_and_none_is_like_another() -> None:
    coded = worst_captions(CODEC)
    assert len(set(coded)) == TEXTS
    assert all(len(CODEC.decode(data).split()) == MAX_TOKENS for data in coded)
