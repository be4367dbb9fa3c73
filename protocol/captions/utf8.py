"""Caption codec 0: plain UTF-8."""

from __future__ import annotations

from protocol.captions.tokens import scalars
from protocol.errors import CaptionError

__all__ = ["decode", "encode"]


def encode(text: str) -> tuple[bytes, int]:
    """Return the text's bytes and number of bits; lone surrogates, which are no characters, become "?"."""
    data = scalars(text).encode()
    return data, 8 * len(data)


def decode(data: bytes) -> str:
    """Return the text; raise `CaptionError` if the bytes are no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CaptionError("a caption that is no UTF-8") from None
