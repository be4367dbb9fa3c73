"""Captions are coded and read beside the loop, as they would be in it."""

from __future__ import annotations

import threading

import pytest

from node.captions.coder import Caption, ThreadCoder, bits_of, shipped_codecs
from protocol.captions.registry import Coded
from protocol.errors import CaptionError

CODECS = shipped_codecs()

WORDS = "a cat on a bench"


async def test_what_is_coded_is_read() -> None:
    coder = ThreadCoder(CODECS)
    coded = await coder.encode(WORDS, 2)
    assert coded == CODECS.encode(WORDS, 2)
    assert await coder.decode(2, coded.data) == Caption(WORDS)
    assert await coder.decode(2, coded.data, measure=True) == Caption(WORDS, coded.bits)
    against = CODECS.encode(WORDS, 2, "a cat on a sofa")
    assert await coder.decode(2, against.data, "a cat on a sofa") == Caption(WORDS)
    with pytest.raises(CaptionError):
        await coder.decode(99, b"")


async def test_the_loops_own_thread_codes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set[int]()

    def noting(*asked: object) -> object:
        threads.add(threading.get_ident())
        return Coded(0, b"", 0, 0.0)

    monkeypatch.setattr(CODECS, "encode", noting)
    monkeypatch.setattr(CODECS, "decode", noting)
    await ThreadCoder(CODECS).encode(WORDS, 0)
    await ThreadCoder(CODECS).decode(0, b"")
    assert threads
    assert threading.get_ident() not in threads


def test_bits_are_whole_bytes_where_nobody_here_would_code_so() -> None:
    coded = CODECS.encode(WORDS, 2)
    assert bits_of(CODECS, WORDS, 2, coded.data) == coded.bits
    assert bits_of(CODECS, WORDS, 2, b"other") == 40
    assert bits_of(CODECS, WORDS, 99, b"other") == 40
