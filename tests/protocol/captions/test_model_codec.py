"""Codec 2 with the codebook that ships and with a tiny one: what it promises holds with any."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_codebook import file, model, parts

import node  # noqa: F401  supplies the codebook
from protocol.captions import Codebook, model_codec
from protocol.captions.arithmetic import Encoder, evenly
from protocol.captions.mixture import forget
from protocol.captions.model_codec import MAX_SIGNS, MAX_SPELLED, MAX_TOKENS
from protocol.captions.symbols import FAR, UNKNOWN
from protocol.captions.tokens import parse, scalars
from protocol.errors import CaptionError

LONG = 10_000
ODDITIES = "a cat on BENCH.,\n\0\x1b\x7f é\u0301\u0308\u202e\ufeff\ud800\udfff😀قطة猫"

WORDS = ("a", "the", "cat", "dog", "sits", "on", "Bench", "TV,", "2", ".", "zorblax", "caf\u00e9", "iPod")

usual = st.lists(st.sampled_from(WORDS)).map(" ".join)
texts = usual | st.text(st.characters(), max_size=40) | st.text(st.sampled_from(ODDITIES), max_size=40)
captions = texts | st.none()


@pytest.fixture(scope="module", params=["shipped", "tiny"], autouse=True)
def book(request: pytest.FixtureRequest) -> Iterator[str]:
    chosen = model_codec.model() if request.param == "shipped" else model()
    with mock.patch.object(model_codec._supply, "model", chosen):
        yield request.param


def size(text: str) -> int:
    return len(text.encode(errors="replace"))


def checked(text: str, earlier: str | None = None) -> int:
    """How many bytes a caption takes, once it was read back and no figure contradicts another."""
    data, bits, ideal_bits = model_codec.encode(text, earlier)
    assert model_codec.decode(data, earlier) == scalars(text)
    assert len(data) <= size(text) + 1
    assert 8 * len(data) - 8 < bits <= 8 * len(data) or bits == len(data) == 0
    assert bits < ideal_bits + 1
    return len(data)


@given(texts)
@settings(max_examples=150)
def test_any_text_is_read_back_and_takes_no_more_than_a_byte_more(text: str) -> None:
    checked(text)


@given(texts, texts)
@settings(max_examples=100)
def test_so_it_is_against_any_earlier_caption(text: str, earlier: str) -> None:
    checked(text, earlier)


@given(texts, st.data())
@settings(max_examples=100)
def test_so_it_is_when_little_changed(text: str, data: st.DataObject) -> None:
    at, until = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    checked(text[:at] + data.draw(st.text(st.sampled_from("ab B."), max_size=5)) + text[until:], text)


@given(st.binary(max_size=40), captions)
@settings(max_examples=200)
def test_any_bytes_are_a_caption_or_raise_its_error(data: bytes, earlier: str | None) -> None:
    with contextlib.suppress(CaptionError):
        model_codec.decode(data, earlier).encode()


@pytest.mark.parametrize("sign", ["a", "A", " ", "a ", "é", "😀", "\u0301", "ab, ", "the cat ", "\ud800"])
def test_a_long_text_goes_as_it_is(sign: str) -> None:
    text = sign * (LONG // len(sign))
    assert checked(text) == size(text) + 1
    assert checked("a cat", text) <= 6
    assert checked(text[:-1], text) == size(text[:-1]) + 1


@pytest.mark.parametrize("first", [0x00, 0x7F, 0xFA, 0xFE])
@pytest.mark.parametrize("earlier", [None, "A Cat " * 2000, "a" * LONG])
def test_long_garbage_is_bounded(first: int, earlier: str | None) -> None:
    with contextlib.suppress(CaptionError):
        told = model_codec.decode(bytes([first]) + bytes(range(256)) * 5, earlier)
        assert told == earlier or len(told) <= len(earlier or "") + MAX_TOKENS * (MAX_SIGNS + 1)


def test_the_empty_caption_takes_nothing() -> None:
    assert model_codec.encode("")[:2] == (b"", 0)
    assert model_codec.decode(b"") == ""


@pytest.mark.parametrize("text", ["", "a cat", "A Cat.", "😀", "a zorblax", "\ud800", "The Cat sat. " * 9])
def test_an_unchanged_caption_takes_nothing(text: str) -> None:
    data, bits, ideal_bits = model_codec.encode(text, text)
    assert (data, bits) == (b"", 0)
    assert ideal_bits < 0.5
    assert model_codec.decode(b"", text) == scalars(text)


def test_the_mixed_captions_of_earlier_pictures_have_no_word_to_replace() -> None:
    for data in (bytes([first, 0x55]) for first in range(184, 230, 5)):  # where "one token" is said
        for earlier in ("A Cat On A Bench", "", "a " * (MAX_TOKENS + 1)):
            with contextlib.suppress(CaptionError):
                assert isinstance(model_codec.decode(data, earlier), str)


def test_a_caption_at_the_limits_is_modelled_and_one_beyond_is_not() -> None:
    for number, plain in ((MAX_TOKENS, False), (MAX_TOKENS + 1, True)):
        assert (model_codec.encode(" ".join(["cat"] * number))[0][:1] == b"\xff") is plain
    for length, plain in ((MAX_SIGNS - 1, False), (MAX_SIGNS, True)):  # and the space before it
        text = "the cat on the " + "e" * length
        assert (parse(text).tokens[-1], checked(text) == size(text) + 1) == (" " + "e" * length, plain)


def test_what_is_no_utf8_is_refused() -> None:
    assert model_codec.decode(b"\xff") == ""
    for damaged in (b"\xff\xff", b"\xff\xc3", b"\xffa\x80", b"\xffa\xed\xa0\x80"):
        with pytest.raises(CaptionError, match="UTF-8"):
            model_codec.decode(damaged)


@pytest.mark.parametrize("code_point", [0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000])
def test_a_lone_surrogate_may_be_coded_and_is_refused(code_point: int) -> None:
    data = spelled([code_point])
    if 0xD800 <= code_point < 0xE000:
        with pytest.raises(CaptionError, match="surrogate"):
            model_codec.decode(data)
    else:
        assert model_codec.decode(data) == chr(code_point)


def test_two_of_them_make_no_sign() -> None:
    with pytest.raises(CaptionError, match="surrogate"):
        model_codec.decode(spelled([0xD83D, 0xDE00]))


def test_an_encoder_replaces_them() -> None:
    assert model_codec.decode(model_codec.encode("a \ud800 cat")[0]) == "a ? cat"
    assert model_codec.decode(model_codec.encode("a cat", "a \udfff dog")[0], "a \udfff dog") == "a cat"


def spelled(code_points: list[int]) -> bytes:
    """The bytes of a caption of one token that is spelled as these code points, as no encoder of ours makes them."""
    book, encoder = model_codec.model(), Encoder()
    encoder.code(model_codec._MODELLED, 2, 0)
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


def test_what_is_beyond_the_limits_is_refused_however_it_is_coded() -> None:
    """As an older program codes it, which knew other limits."""
    for limit, text in (
        ("MAX_TOKENS", "cat " * (MAX_TOKENS + 1)),
        ("MAX_SPELLED", ("e" * (MAX_SIGNS - 1) + " ") * (MAX_SPELLED // MAX_SIGNS + 1)),
    ):
        with mock.patch.object(model_codec, limit, 10_000):
            data = model_codec.encode(text)[0]
            assert data[:1] != b"\xff"
            assert model_codec.decode(data) == text
        with pytest.raises(CaptionError, match="more than"):
            model_codec.decode(data)
        assert checked(text) == size(text) + 1


def test_a_word_replaced_in_what_is_beyond_the_limits_is_refused() -> None:
    earlier = "cat " * MAX_TOKENS + "dog"
    with mock.patch.object(model_codec, "MAX_TOKENS", 10_000):
        data = model_codec.encode(earlier.replace("dog", "bench"), earlier)[0]
        assert model_codec.decode(data, earlier).endswith("bench")
    with pytest.raises(CaptionError, match="more than"):
        model_codec.decode(data, earlier)


def test_threads_may_code_at_once(book: str) -> None:
    texts = [f"a {color} {animal} on the bench" for color in ("red", "the", "2") for animal in ("cat", "dog", "zebra")]
    expected = [model_codec.encode(text)[0] for text in texts]
    forget()
    with ThreadPoolExecutor(8) as pool:
        coded = list(pool.map(lambda text: model_codec.encode(text)[0], texts * 4))
        assert coded == expected * 4
        assert list(pool.map(model_codec.decode, coded)) == texts * 4


def test_numbers_between_the_modelled_and_the_plain_ones_are_refused() -> None:
    with pytest.raises(CaptionError, match="beyond"):
        model_codec.decode(b"\xfe\xff\xff\xff\xff")


def test_context_pays(book: str) -> None:
    earlier = "a cat sits on the bench with a red bench, 2 dog"
    assert checked(earlier.replace("sits", "zorblax"), earlier) < checked(earlier.replace("sits", "zorblax"))
    if book == "shipped":
        assert checked("a man with a dog in the park", "a man with a cat in the park") <= 2


def test_captions_take_fewer_bytes_with_the_shipped_codebook(book: str) -> None:
    if book == "shipped":
        assert checked("A cat sitting on top of a wooden bench") <= 4
        assert checked("a man riding a wave on top of a surfboard") <= 4


def test_the_codebook_is_read_when_it_is_first_needed() -> None:
    told: list[bytes] = []

    def read() -> bytes:
        told.append(file(parts()))
        return told[-1]

    with mock.patch.object(model_codec, "_supply", model_codec._Supply()):
        with pytest.raises(CaptionError, match="supplied"):
            model_codec.encode("a cat")
        model_codec.supply(read)
        assert not told
        assert model_codec.identity() == model().identity == Codebook(9, model_codec.identity().hash)
        assert model_codec._supply.model is None  # which codebook it is takes no model
        assert model_codec.decode(model_codec.encode("a cat")[0]) == "a cat"
        assert model_codec.identity() == model().identity
        assert len(told) == 2


def test_threads_that_need_it_at_once_read_it_once() -> None:
    reads: list[int] = []

    def read() -> bytes:
        reads.append(1)
        return file(parts())

    with mock.patch.object(model_codec, "_supply", model_codec._Supply()):
        model_codec.supply(read)
        with ThreadPoolExecutor(8) as pool:
            models = set(map(id, pool.map(lambda _: model_codec.model(), range(16))))
    assert len(models) == len(reads) == 1


def test_what_is_plain_needs_no_codebook() -> None:
    with mock.patch.object(model_codec, "_supply", model_codec._Supply()):
        assert model_codec.decode(b"\xffa cat") == "a cat"


@pytest.mark.parametrize("earlier", [None, "a cat on the bench"])
def test_the_second_decoder_reads_the_same(book: str, earlier: Any) -> None:
    from reference_decoder import Reference

    if book == "shipped":
        return  # see test_golden.py
    reference = Reference(file(parts()), pure=True)
    for text in (
        "",
        "a cat",
        "The dog.",
        "a zorblax Bench",
        "É 😀\ud800",
        "a dog on the bench",
        "a cat in the red bench",
    ):
        data = model_codec.encode(text, earlier)[0]
        assert reference.decode(data, earlier) == scalars(text)
    for refused in (spelled([0xD800]), b"\xff\xed\xa0\x80"):
        with pytest.raises(ValueError, match=r"surrogate|utf-8"):
            reference.decode(refused)
