"""Letters for pictures: a font that has all of a text's, the lines it is broken into, and the size at which they fit.

Pillow brings a font along that has English letters alone. Others are taken from a font of the system, if one has them
all. No letter is ever drawn as an empty box: an accent is left out, and what no font has is said to be missing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from node.common.printable import printable

if TYPE_CHECKING:
    from PIL import ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# By how many systems have them: of Linux, Windows and macOS, then those with Chinese, Japanese and Korean.
FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "arial.ttf", "Arial.ttf", "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc", "msyh.ttc", "msgothic.ttc", "malgun.ttf", "Hiragino Sans GB.ttc",
)  # fmt: skip

# What stands for words that no font here has the letters of.
OTHER_SCRIPT = "words in another script"

# Letters that are laid out: more cannot be read on a picture, and their layout would take seconds.
MOST_LETTERS = 400

# A code point that no font has: what is drawn for it is drawn for everything that is missing.
NOWHERE = "\U0010ffff"

# Latin letters that are no letter with an accent, for fonts without them.
PLAIN_LETTERS = dict(zip("ßæÆœŒøØłŁı", ("ss", "ae", "Ae", "oe", "Oe", "o", "O", "l", "L", "i"), strict=True))

# For a letter that is missing, as long as less than half of a text's are: more are no text any more.
MISSING = "?"

# Letters whose shapes are kept: those of a call's languages, some hundred bytes each.
MOST_SHAPES = 4096

# Of a letter's size, from one line to the next.
LINE_HEIGHT = 1.25


@dataclass(frozen=True, slots=True)
class Lettering:
    """Lines of text with the font and size that they fit in a box with."""

    lines: tuple[str, ...]
    font: Font
    size: int

    @property
    def height(self) -> int:
        """Return the pixels from the top of the first line to the foot of the last."""
        return round(len(self.lines) * self.size * LINE_HEIGHT)


def fit(text: str, width: int, height: int, largest: int, smallest: int) -> Lettering:
    """Lay the text out in a box of pixels, in the largest size that fits; what never fits is cut at an ellipsis.

    A word is broken only if it fits in no size.
    """
    words, name = _writable(" ".join(printable(text).split())[:MOST_LETTERS])
    whole = [word for word in words.split() if not any(map(_is_broken_anywhere, word))]
    for breaking in (False, True):
        for size in range(largest, smallest - 1, -1):
            font = _font(name, size)
            if not breaking and any(font.getlength(word) > width for word in whole):
                continue
            lettering = Lettering(tuple(_lines(words, font, width)), font, size)
            if lettering.height <= height:
                return lettering
    return Lettering(tuple(_cut(lettering, width, height)), font, smallest)


def _is_broken_anywhere(letter: str) -> bool:
    """Return whether the letter is of a script that is broken between any two letters, as Chinese is."""
    return unicodedata.east_asian_width(letter) in ("W", "F")


def _cut(lettering: Lettering, width: int, height: int) -> Iterator[str]:
    """Yield the lines that fit, the last with an ellipsis."""
    *lines, last = lettering.lines[: max(1, int(height / (lettering.size * LINE_HEIGHT)))]
    while last and lettering.font.getlength(last + "...") > width:
        last = last[:-1]
    yield from lines
    yield last + "..."


def _lines(words: str, font: Font, width: int) -> Iterator[str]:
    """Yield lines no wider than the box; a word that is wider, as of a script without spaces, is broken."""
    line = ""
    for word in words.split():
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        line = word
        while font.getlength(line) > width and len(line) > 1:
            head = _fitting(line, font, width)
            yield line[:head]
            line = line[head:]
    if line:
        yield line


def _fitting(word: str, font: Font, width: int) -> int:
    """Return how many letters of a word that is too wide fit; at least one."""
    count = 1
    while font.getlength(word[: count + 1]) <= width:
        count += 1
    return count


def _writable(text: str) -> tuple[str, str]:
    """Return the text as it can be written, and the font that has most of it; "" is the one that Pillow brings."""
    text = unicodedata.normalize("NFC", text)
    name = min(filter(_is_here, ("", *FONTS)), key=lambda name: sum(not _has(name, letter) for letter in text))
    written = ["".join(_written(name, letter)) for letter in text]
    lost = sum(new == MISSING != old for new, old in zip(written, text, strict=True))
    return ("".join(written) if 2 * lost < max(1, len(text)) else OTHER_SCRIPT), name


def _written(name: str, letter: str) -> str:
    """Return the letter, or the Latin one without its accents, or what stands for a missing one."""
    if _has(name, letter):
        return letter
    parts = unicodedata.normalize("NFKD", letter)
    plain = PLAIN_LETTERS.get(letter) or "".join(part for part in parts if not unicodedata.combining(part))
    return plain if plain and all(_has(name, part) for part in plain) else MISSING


def _needs_shaping(letter: str) -> bool:
    """Return whether letters like this one run from right to left, or join with those beside them."""
    return unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.category(letter) in ("Mn", "Mc")


@cache
def _can_shape() -> bool:
    from PIL import features

    return bool(features.check("raqm"))


@cache
def _is_here(name: str) -> bool:
    try:
        return _font(name, 16) is not None
    except OSError:
        return False


@lru_cache(MOST_SHAPES)
def _has(name: str, letter: str) -> bool:
    """Return whether the font has the letter, and Pillow can put it in the right place and shape."""
    if _needs_shaping(letter) and not _can_shape():
        return False
    return letter.isspace() or _shape(name, letter) != _shape(name, NOWHERE)


@lru_cache(MOST_SHAPES)
def _shape(name: str, letter: str) -> bytes:
    return bytes(_font(name, 16).getmask(letter))


@cache
def _font(name: str, size: int) -> Font:
    from PIL import ImageFont

    return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
