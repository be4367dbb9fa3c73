"""A caption codec with a codebook, for tests: what a language model would do, in a few lines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest import mock

from protocol.captions import registry
from protocol.captions.identity import Codebook
from protocol.errors import CaptionError

STAND_IN = 200  # newer than any codec that there is
OURS, OTHERS = Codebook(7, b"ours"), Codebook(7, b"othr")


def encode(text: str, earlier: str | None) -> tuple[bytes, int, float]:
    """Nothing for the caption known to both; else the text with its bits turned over."""
    if text == earlier:
        return b"", 0, 0.25
    data = bytes(byte ^ 255 for byte in text.encode(errors="replace"))
    return data, max(0, 8 * len(data) - 3), max(0.0, 8 * len(data) - 3.5)


def decode(data: bytes, earlier: str | None) -> str:
    if not data and earlier is not None:
        return earlier
    try:
        return bytes(byte ^ 255 for byte in data).decode()
    except UnicodeDecodeError:
        raise CaptionError("a caption that the stand-in did not write") from None


@contextlib.contextmanager
def registered(codebook: Codebook = OURS) -> Iterator[int]:
    """The stand-in is the newest codec for as long as this lasts."""
    codec = registry.Codec("stand-in", encode, decode, lossless=True, codebook=lambda: codebook)
    more = {STAND_IN: codec}
    with mock.patch.dict(registry._REGISTRY, more), mock.patch.object(registry, "CODECS", (*registry.CODECS, *more)):
        yield STAND_IN
