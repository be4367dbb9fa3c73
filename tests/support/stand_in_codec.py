"""A caption codec with a codebook, for tests: what a language model would do, in a few lines."""

from __future__ import annotations

from tiny_codebook import file, parts

from protocol.captions import CaptionCodecs, CodebookId
from protocol.captions.registry import Codec
from protocol.errors import CaptionError

STAND_IN = 200  # newer than any codec that there is
OURS, OTHERS = CodebookId(7, b"ours"), CodebookId(7, b"othr")


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


def stand_in_codecs(codebook: CodebookId = OURS, **more: Codec) -> CaptionCodecs:
    """The codecs of a program whose newest is the stand-in; `more` by id, as in `c100=codec`."""
    stand_in = Codec("stand-in", encode, decode, lossless=True, codebook=lambda: codebook)
    others = {int(name[1:]): codec for name, codec in more.items()}
    return CaptionCodecs(file(parts()), more={**others, STAND_IN: stand_in})
