from __future__ import annotations

import contextlib
import hashlib
import lzma
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_codebook import SIGNS, TOKENS, WORDS, extension, file, model, parts

from protocol.captions import CodebookId
from protocol.captions.codebook import MAGIC, Codebook, array_of, identity_of, pack_array
from protocol.captions.tokens import END, FAR, NEAR, UNKNOWN

TOLD = parts()
FILE = file(TOLD)
WRONG: tuple[Any, ...] = (None, True, -1, 2**40, 0.5, "x", b"x", [], [[]], {}, {"x": 1})


def refused(told: Any) -> None:
    with pytest.raises(ValueError, match="codebook"):
        Codebook.read(file(told))


def test_a_codebook_is_known_by_its_number_and_its_file() -> None:
    assert model().identity == CodebookId(9, hashlib.sha256(FILE).digest()[:4])
    assert model(1).identity != model().identity


def test_words_have_symbols() -> None:
    book = model()
    assert book.tokens == TOKENS
    assert [book.symbol_of(word) for word in WORDS] == list(range(UNKNOWN + 1, TOKENS))
    assert [book.word(book.symbol_of(word)) for word in WORDS] == list(WORDS)
    assert [book.symbol_of(token) for token in ("cat", " zebra", "", " Cat")] == [UNKNOWN] * 4
    assert END not in book.symbols.values()


def test_signs_have_symbols() -> None:
    book = model()
    assert book.sign_symbols == len(SIGNS) + 3
    assert [book.sign(book.sign_symbol(sign)) for sign in SIGNS] == list(SIGNS)
    assert [book.sign_symbol(sign) for sign in "\x80é\u07ff"] == [NEAR] * 3
    assert [book.sign_symbol(sign) for sign in "\0\x7f1\u0800😀\ud800"] == [FAR] * 6


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.uint16, np.int32, np.int64, np.uint32, ">i4"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_array_is_read_back(kind: Any, packed: bool) -> None:
    array = np.arange(24).astype(kind).reshape(4, 6)
    told = pack_array(array, packed=packed)
    assert told[0][0] in "<|"
    assert np.array_equal(array_of(told), array)
    assert np.array_equal(array_of(pack_array(array.T)), array.T)


@pytest.mark.parametrize("data", [b"", MAGIC[:3], MAGIC, b"XXXX" + FILE[4:], FILE[1:], FILE + b"\0"])
def test_what_is_no_codebook_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="codebook"):
        Codebook.read(data)


@given(st.integers(0, len(FILE) - 1))
@settings(max_examples=60)
def test_a_part_of_a_codebook_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="codebook"):
        Codebook.read(FILE[:length])


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="codebook"):
        Codebook.read(MAGIC + data)


values = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
objects = st.recursive(values, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(st.dictionaries(st.sampled_from(sorted(TOLD)), objects, min_size=1, max_size=3))
@settings(max_examples=60)
def test_anything_in_the_place_of_parts_is_refused(changed: dict[str, Any]) -> None:
    if changed.keys() - {"id"}:
        refused({**TOLD, **changed})


@pytest.mark.parametrize("name", TOLD)
def test_a_part_missing_or_of_another_type_is_refused(name: str) -> None:
    refused({other: part for other, part in TOLD.items() if other != name})
    for wrong in WRONG:
        refused({**TOLD, name: wrong})


@pytest.mark.parametrize("name", TOLD["network"])
def test_so_is_an_array_of_the_network(name: str) -> None:
    network = TOLD["network"]
    if not name.startswith(("inner", "outer")):
        refused({**TOLD, "network": {other: part for other, part in network.items() if other != name}})
    for wrong in (*WRONG, pack_array(np.zeros((2, 2), np.int8)), ["nonsense", [1], False, b"x"]):
        refused({**TOLD, "network": {**network, name: wrong}})


@pytest.mark.parametrize("index", range(6))
def test_so_is_what_a_source_says(index: int) -> None:
    first, second = TOLD["sources"]
    for wrong in (None, -1, 2**40, "x", [], [[7, 1024]]):
        refused({**TOLD, "sources": [[*first[:index], wrong, *first[index + 1 :]], second]})


def test_parts_that_do_not_fit_together_are_refused() -> None:
    for change in (
        {"words": lzma.compress(b" a\n cat")},
        {"words": lzma.compress("\n".join((*WORDS[:-1], WORDS[0])).encode())},
        {"signs": SIGNS[1:]},
        {"counted": TOLD["counted"][:1]},
        {"counted": [TOLD["spelling"]] * 2},
        {"spelling": TOLD["counted"][0]},
        {"sources": TOLD["sources"][:1]},
    ):
        refused({**TOLD, **change})


@given(st.integers(4, len(FILE) - 1), st.integers(1, 255))
@settings(max_examples=100)
def test_a_damaged_codebook_is_read_or_refused(at: int, flipped: int) -> None:
    damaged = bytearray(FILE)
    damaged[at] ^= flipped
    with contextlib.suppress(ValueError):
        assert Codebook.read(bytes(damaged)).identity != model().identity


def test_other_parts_are_ignored() -> None:
    assert Codebook.read(file({**TOLD, "more": 1})).words == WORDS
    assert msgpack.unpackb(FILE[4:]).keys() == TOLD.keys()


MORE = extension()


def refused_upon(told: Any) -> None:
    with pytest.raises(ValueError, match="codebook"):
        model().extended(file(told))


def test_a_codebook_may_build_on_another() -> None:
    data = file(MORE)
    book = model().extended(data)
    assert book.identity == CodebookId(10, hashlib.sha256(data).digest()[:4]) == identity_of(data)
    assert book.network is model().network
    assert book.words == (*WORDS[:-1], " sofa")
    assert (book.symbol_of(" sofa"), book.symbol_of(WORDS[-1])) == (TOKENS - 1, UNKNOWN)
    assert (len(book.counted), len(book.sources)) == (3, 3)
    assert model().words == WORDS


def test_on_no_other_than_it_says() -> None:
    with pytest.raises(ValueError, match="builds on another"):
        model(1).extended(file(MORE))
    refused(MORE)
    refused_upon(TOLD)


@pytest.mark.parametrize("data", [b"", MAGIC, file(MORE)[:-1], file(MORE) + b"\0", b"X" + file(MORE)[1:]])
def test_what_builds_on_nothing_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="codebook"):
        model().extended(data)


@pytest.mark.parametrize("name", MORE)
def test_a_part_of_it_missing_or_of_another_type_is_refused(name: str) -> None:
    refused_upon({other: part for other, part in MORE.items() if other != name})
    for wrong in WRONG:
        if not (name == "words" and wrong in ([], {}, b"", "")):
            refused_upon({**MORE, name: wrong})


@pytest.mark.parametrize("words", [[[1, " x"]], [[TOKENS, " x"]], [[2, 5]], [[2, WORDS[1]]], [[2]], [2]])
def test_so_are_words_in_no_place_or_in_two(words: Any) -> None:
    refused_upon({**MORE, "words": words})


@given(st.integers(4, len(file(MORE)) - 1), st.integers(1, 255))
@settings(max_examples=100)
def test_a_damaged_one_is_read_or_refused(at: int, flipped: int) -> None:
    damaged = bytearray(file(MORE))
    damaged[at] ^= flipped
    with contextlib.suppress(ValueError):
        assert model().extended(bytes(damaged)).identity != CodebookId(10, hashlib.sha256(file(MORE)).digest()[:4])
