"""A caption as a style, tokens in small letters, and its capitals: everything, and nothing twice.

Whole captions have a style: most are in small letters without a full stop, or a sentence with both. What the style
determines is taken out of the text, so that the language model sees one kind of text. Only the 26 letters have a case
here: what is a capital beyond them changes with every version of Unicode.

UTF-8, too, is here: caption codec 0, and what codec 2 falls back to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, chain, pairwise

from protocol.errors import CaptionError

__all__ = ["END", "FAR", "NEAR", "UNKNOWN", "Case", "Style", "Tokenised", "case_of", "from_utf8", "parse", "render"]
__all__ += ["scalars", "to_utf8", "tokens_of"]

# Symbols that are no words and no signs: those of words follow from 2 on, of signs from 3.
# The end of a caption, and of a spelled word.
END = 0
# A token that is no word of the codebook: it is spelled.
UNKNOWN = 1
# A sign that is not listed: one of two bytes of UTF-8, and any other. Its number follows.
NEAR = 1
FAR = 2

_TOKEN = re.compile(r" ?[a-z]+| ?[^a-z ]| ")
_CAPITAL = re.compile(r"[A-Z]")
_LETTER = re.compile(r"[A-Za-z]")


class Style(IntEnum):
    """How a caption is written as a whole."""

    SMALL = 0  # "a cat on a bench"
    SMALL_STOP = 1  # "a cat on a bench."
    SENTENCE = 2  # "A cat on a bench"
    SENTENCE_STOP = 3  # "A cat on a bench."
    MIXED = 4  # capitals elsewhere: every word has its own case
    MIXED_STOP = 5


class Case(IntEnum):
    """How a word is written in a caption of mixed style."""

    SMALL = 0
    TITLE = 1  # the first letter is a capital
    CAPITALS = 2
    ODD = 3  # every letter has its own


@dataclass(frozen=True, slots=True)
class Tokenised:
    """A caption taken apart. `capitals` has, for each token of a caption of mixed style, which letters are capitals."""

    style: Style
    tokens: tuple[str, ...]
    capitals: tuple[tuple[bool, ...], ...] = ()


def scalars(text: str) -> str:
    """Return the text with "?" for lone surrogates, which are no characters and have no UTF-8."""
    return text.encode(errors="replace").decode()


def to_utf8(text: str) -> tuple[bytes, int]:
    """Return the text's bytes and number of bits, with "?" for lone surrogates."""
    data = scalars(text).encode()
    return data, 8 * len(data)


def from_utf8(data: bytes) -> str:
    """Return the text; raise `CaptionError` if the bytes are no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CaptionError("a caption that is no UTF-8") from None


def parse(text: str) -> Tokenised:
    """Take a caption apart; `render` puts it together again, whatever it holds."""
    stop = text.endswith(".")
    body = text[:-1] if stop else text
    if not _CAPITAL.search(body):
        return Tokenised(Style.SMALL_STOP if stop else Style.SMALL, tokens_of(body))
    small = _small(body)
    if _is_capital(body[0]) and not _CAPITAL.search(body, 1):
        return Tokenised(Style.SENTENCE_STOP if stop else Style.SENTENCE, tokens_of(small))
    tokens = tokens_of(small)
    return Tokenised(Style.MIXED_STOP if stop else Style.MIXED, tokens, _capitals(body, tokens))


def render(parsed: Tokenised) -> str:
    """Return the caption of these parts. In a mixed style, `capitals` must have a flag for every letter."""
    style = parsed.style
    body = "".join(parsed.tokens)[1:]
    if style in {Style.SENTENCE, Style.SENTENCE_STOP}:
        body = _raised(body[:1], iter((True,))) + body[1:]
    elif style in {Style.MIXED, Style.MIXED_STOP}:
        flags = chain.from_iterable(parsed.capitals)
        body = "".join(_raised(sign, flags) for sign in body)
    return body + "." if style in {Style.SMALL_STOP, Style.SENTENCE_STOP, Style.MIXED_STOP} else body


def tokens_of(small: str) -> tuple[str, ...]:
    """Return the tokens of a text without capitals: words and single signs, each with the space before it.

    A caption begins as after a space, so that a word is the same token there and elsewhere.
    """
    return tuple(_TOKEN.findall(" " + small)) if small else ()


def case_of(flags: tuple[bool, ...]) -> Case:
    """Return how a word with capitals at these of its letters is written."""
    if not any(flags):
        return Case.SMALL
    if flags[0] and not any(flags[1:]):
        return Case.TITLE
    return Case.CAPITALS if all(flags) else Case.ODD


def _is_capital(sign: str) -> bool:
    return "A" <= sign <= "Z"


def _small(text: str) -> str:
    return _CAPITAL.sub(lambda match: match[0].lower(), text)


def _capitals(body: str, tokens: tuple[str, ...]) -> tuple[tuple[bool, ...], ...]:
    original = " " + body  # as `tokens_of` reads it
    ends = accumulate(map(len, tokens), initial=0)
    words = (original[begin:end] for begin, end in pairwise(ends))
    return tuple(tuple(map(_is_capital, _LETTER.findall(word))) for word in words)


def _raised(sign: str, capitals: Iterator[bool]) -> str:
    """Return the sign, as a capital if it is a letter and the next of these flags is set."""
    return sign.upper() if "a" <= sign <= "z" and next(capitals) else sign
