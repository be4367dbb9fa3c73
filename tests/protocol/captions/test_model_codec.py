"""The codecs with the codebooks that ship and with tiny ones: what they promise holds with any."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_codebook import extension, file, parts

from node.captions.coder import shipped_codecs
from protocol.captions import model_codec
from protocol.captions.arithmetic import Encoder, evenly
from protocol.captions.mixture import forget
from protocol.captions.model_codec import MAX_SIGNS, MAX_SPELLED, MAX_TOKENS, MODELLED, ModelCodec
from protocol.captions.tokens import FAR, UNKNOWN, parse, scalars
from protocol.errors import CaptionError

LONG = 10_000
ODDITIES = "a cat on BENCH.,\n\0\x1b\x7f é\u0301\u0308\u202e\ufeff\ud800\udfff😀قطة猫"

WORDS = ("a", "the", "cat", "dog", "sits", "on", "Bench", "TV,", "2", ".", "zorblax", "caf\u00e9", "iPod")

usual = st.lists(st.sampled_from(WORDS)).map(" ".join)
texts = usual | st.text(st.characters(), max_size=40) | st.text(st.sampled_from(ODDITIES), max_size=40)
captions = texts | st.none()


TINY = ModelCodec(file(parts()))
BOOKS = {
    "shipped": shipped_codecs().models[2],
    "scenes": shipped_codecs().models[3],
    "tiny": TINY,
    "extended": ModelCodec(file(extension()), upon=TINY),
}


@pytest.fixture(scope="module", params=BOOKS)
def book(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def codec(book: str) -> ModelCodec:
    return BOOKS[book]


def size(text: str) -> int:
    return len(text.encode(errors="replace"))


def checked(codec: ModelCodec, text: str, earlier: str | None = None) -> int:
    """How many bytes a caption takes, once it was read back and no figure contradicts another."""
    data, bits, ideal_bits = codec.encode(text, earlier)
    assert codec.decode(data, earlier) == scalars(text)
    assert len(data) <= size(text) + 1
    assert 8 * len(data) - 8 < bits <= 8 * len(data) or bits == len(data) == 0
    assert bits < ideal_bits + 1
    return len(data)


@given(texts)
@settings(max_examples=150)
def test_any_text_is_read_back_and_takes_no_more_than_a_byte_more(codec: ModelCodec, text: str) -> None:
    checked(codec, text)


@given(texts, texts)
@settings(max_examples=100)
def test_so_it_is_against_any_earlier_caption(codec: ModelCodec, text: str, earlier: str) -> None:
    checked(codec, text, earlier)


@given(texts, st.data())
@settings(max_examples=100)
def test_so_it_is_when_little_changed(codec: ModelCodec, text: str, data: st.DataObject) -> None:
    at, until = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    checked(codec, text[:at] + data.draw(st.text(st.sampled_from("ab B."), max_size=5)) + text[until:], text)


@given(st.binary(max_size=40), captions)
@settings(max_examples=200)
def test_any_bytes_are_a_caption_or_raise_its_error(codec: ModelCodec, data: bytes, earlier: str | None) -> None:
    with contextlib.suppress(CaptionError):
        codec.decode(data, earlier).encode()


@pytest.mark.parametrize("sign", ["a", "A", " ", "a ", "é", "😀", "\u0301", "ab, ", "the cat ", "\ud800"])
def test_a_long_text_goes_as_it_is(codec: ModelCodec, sign: str) -> None:
    text = sign * (LONG // len(sign))
    assert checked(codec, text) == size(text) + 1
    assert checked(codec, "a cat", text) <= 6
    assert checked(codec, text[:-1], text) == size(text[:-1]) + 1


@pytest.mark.parametrize("first", [0x00, 0x7F, 0xFA, 0xFE])
@pytest.mark.parametrize("earlier", [None, "A Cat " * 2000, "a" * LONG])
def test_long_garbage_is_bounded(codec: ModelCodec, first: int, earlier: str | None) -> None:
    with contextlib.suppress(CaptionError):
        told = codec.decode(bytes([first]) + bytes(range(256)) * 5, earlier)
        assert told == earlier or len(told) <= len(earlier or "") + MAX_TOKENS * (MAX_SIGNS + 1)


def test_the_empty_caption_takes_nothing(codec: ModelCodec) -> None:
    assert codec.encode("")[:2] == (b"", 0)
    assert codec.decode(b"") == ""


@pytest.mark.parametrize("text", ["", "a cat", "A Cat.", "😀", "a zorblax", "\ud800", "The Cat sat. " * 9])
def test_an_unchanged_caption_takes_nothing(codec: ModelCodec, text: str) -> None:
    data, bits, ideal_bits = codec.encode(text, text)
    assert (data, bits) == (b"", 0)
    assert ideal_bits < 0.5
    assert codec.decode(b"", text) == scalars(text)


def test_the_mixed_captions_of_earlier_pictures_have_no_word_to_replace(codec: ModelCodec) -> None:
    for data in (bytes([first, 0x55]) for first in range(184, 230, 5)):  # where "one token" is said
        for earlier in ("A Cat On A Bench", "", "a " * (MAX_TOKENS + 1)):
            with contextlib.suppress(CaptionError):
                assert isinstance(codec.decode(data, earlier), str)


def test_a_caption_at_the_limits_is_modelled_and_one_beyond_is_not(codec: ModelCodec) -> None:
    for number, plain in ((MAX_TOKENS, False), (MAX_TOKENS + 1, True)):
        assert (codec.encode(" ".join(["cat"] * number))[0][:1] == b"\xff") is plain
    for length, plain in ((MAX_SIGNS - 1, False), (MAX_SIGNS, True)):  # and the space before it
        text = "the cat on the " + "e" * length
        assert (parse(text).tokens[-1], checked(codec, text) == size(text) + 1) == (" " + "e" * length, plain)


def test_what_is_no_utf8_is_refused(codec: ModelCodec) -> None:
    assert codec.decode(b"\xff") == ""
    for damaged in (b"\xff\xff", b"\xff\xc3", b"\xffa\x80", b"\xffa\xed\xa0\x80"):
        with pytest.raises(CaptionError, match="UTF-8"):
            codec.decode(damaged)


@pytest.mark.parametrize("code_point", [0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000])
def test_a_lone_surrogate_may_be_coded_and_is_refused(codec: ModelCodec, code_point: int) -> None:
    data = spelled(codec, [code_point])
    if 0xD800 <= code_point < 0xE000:
        with pytest.raises(CaptionError, match="surrogate"):
            codec.decode(data)
    else:
        assert codec.decode(data) == chr(code_point)


def test_two_of_them_make_no_sign(codec: ModelCodec) -> None:
    with pytest.raises(CaptionError, match="surrogate"):
        codec.decode(spelled(codec, [0xD83D, 0xDE00]))


def test_an_encoder_replaces_them(codec: ModelCodec) -> None:
    assert codec.decode(codec.encode("a \ud800 cat")[0]) == "a ? cat"
    assert codec.decode(codec.encode("a cat", "a \udfff dog")[0], "a \udfff dog") == "a cat"


def spelled(codec: ModelCodec, code_points: list[int]) -> bytes:
    """The bytes of a caption of one token that is spelled as these code points, as no encoder of ours makes them."""
    book, encoder = codec.model(), Encoder()
    encoder.code(MODELLED, 2, 0)
    encoder.code(book.beginning.style_below, 6, 0)
    point, entries = book.beginning.after_style(0), book.spelling.begun
    encoder.code(point.below, book.tokens, UNKNOWN)
    # The space before the first token, which a reader drops.
    for symbol in (book.sign_symbol(" "), *([FAR] * len(code_points)), 0):
        encoder.code(book.spelling.after(entries), book.sign_symbols, symbol)
        entries = book.spelling.follow(entries, symbol)
        if symbol == FAR:
            encoder.code(evenly(0x110000), 0x110000, code_points.pop(0))
    encoder.code(point.after(UNKNOWN).below, book.tokens, 0)
    value, length = encoder.shortest(unit=8)
    return value.to_bytes(length // 8, "big")


def test_what_is_beyond_the_limits_is_refused_however_it_is_coded(codec: ModelCodec) -> None:
    """As an older program codes it, which knew other limits."""
    for limit, text in (
        ("MAX_TOKENS", "cat " * (MAX_TOKENS + 1)),
        ("MAX_SPELLED", ("e" * (MAX_SIGNS - 1) + " ") * (MAX_SPELLED // MAX_SIGNS + 1)),
    ):
        with mock.patch.object(model_codec, limit, 10_000):
            data = codec.encode(text)[0]
            assert data[:1] != b"\xff"
            assert codec.decode(data) == text
        with pytest.raises(CaptionError, match="more than"):
            codec.decode(data)
        assert checked(codec, text) == size(text) + 1


def test_a_word_replaced_in_what_is_beyond_the_limits_is_refused(codec: ModelCodec) -> None:
    earlier = "cat " * MAX_TOKENS + "dog"
    with mock.patch.object(model_codec, "MAX_TOKENS", 10_000):
        data = codec.encode(earlier.replace("dog", "bench"), earlier)[0]
        assert codec.decode(data, earlier).endswith("bench")
    with pytest.raises(CaptionError, match="more than"):
        codec.decode(data, earlier)


def test_threads_may_code_at_once(codec: ModelCodec, book: str) -> None:
    texts = [f"a {color} {animal} on the bench" for color in ("red", "the", "2") for animal in ("cat", "dog", "zebra")]
    expected = [codec.encode(text)[0] for text in texts]
    forget()
    with ThreadPoolExecutor(8) as pool:
        coded = list(pool.map(lambda text: codec.encode(text)[0], texts * 4))
        assert coded == expected * 4
        assert list(pool.map(codec.decode, coded)) == texts * 4


def test_numbers_between_the_modelled_and_the_plain_ones_are_refused(codec: ModelCodec) -> None:
    with pytest.raises(CaptionError, match="beyond"):
        codec.decode(b"\xfe\xff\xff\xff\xff")


def test_context_pays(codec: ModelCodec, book: str) -> None:
    earlier = "a cat sits on the bench with a red bench, 2 dog"
    changed = earlier.replace("sits", "zorblax")
    assert checked(codec, changed, earlier) < checked(codec, changed)
    if book in {"shipped", "scenes"}:
        assert checked(codec, "a man with a dog in the park", "a man with a cat in the park") <= 2


def test_captions_take_fewer_bytes_with_the_shipped_codebook(codec: ModelCodec, book: str) -> None:
    if book in {"shipped", "scenes"}:
        assert checked(codec, "A cat sitting on top of a wooden bench") <= 4
        assert checked(codec, "a man riding a wave on top of a surfboard") <= 4


@pytest.mark.parametrize("earlier", [None, "a cat on the bench"])
def test_the_second_decoder_reads_the_same(codec: ModelCodec, book: str, earlier: Any) -> None:
    from reference_decoder import Reference

    if book in {"shipped", "scenes"}:
        return  # see test_golden.py
    reference = Reference(file(parts()), pure=True)
    if book == "extended":
        reference.build(file(extension()))
    for text in (
        "",
        "a cat",
        "The dog.",
        "a zorblax Bench",
        "É 😀\ud800",
        "a dog on the bench",
        "a cat in the red bench",
    ):
        data = codec.encode(text, earlier)[0]
        assert reference.decode(data, earlier) == scalars(text)
    for refused in (spelled(codec, [0xD800]), b"\xff\xed\xa0\x80"):
        with pytest.raises(ValueError, match=r"surrogate|utf-8"):
            reference.decode(refused)
