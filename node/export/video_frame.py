"""What a frame of an exported video looks like: everybody's picture side by side, the name above, the words below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from node.export.subtitles import one_line

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

SIZE = (1280, 720)
MARGIN = 24
NAME_SIZE, WORDS_SIZE = 30, 24
NAME_HEIGHT = 46

# Longer captions end in an ellipsis; the subtitles have all of their words.
WORDS_LINES = 4

WORDS_HEIGHT = WORDS_LINES * (WORDS_SIZE + 6)
PAPER, CARD, INK, PALE, SPEAKING = "#15161a", "#1e2026", "#e7e8ec", "#9a9eab", "#5fd0a5"
RING = 6

# Of a name or a caption; what is longer does not fit, and measuring it would take minutes.
MOST_LETTERS = 400

# Of which the first that is installed writes; Pillow's own, the last resort, has Latin letters alone.
FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf")


@dataclass(frozen=True, slots=True)
class Tile:
    """What is to be seen of one; `image` is None before the first picture, and for who sends none."""

    name: str
    here: bool = False
    speaking: bool = False
    image: Image.Image | None = None
    words: str = ""


def draw_frame(people: Sequence[Tile]) -> Image.Image:
    """Return the frame, RGB of `SIZE`. The same people always have the same places."""
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(frame)
    columns, side = _layout(len(people))
    rows = math.ceil(len(people) / columns)
    top = (SIZE[1] - rows * _height(side) - (rows - 1) * MARGIN) // 2
    for index, person in enumerate(people):
        row, column = divmod(index, columns)
        in_row = min(columns, len(people) - row * columns)
        left = (SIZE[0] - in_row * side - (in_row - 1) * MARGIN) // 2
        _draw_person(frame, pen, person, (left + column * (side + MARGIN), top + row * (_height(side) + MARGIN)), side)
    return frame


def _layout(people: int) -> tuple[int, int]:
    """Columns, and the side of a picture: as large as goes."""

    def side(columns: int) -> int:
        rows = max(math.ceil(people / columns), 1)
        wide = (SIZE[0] - (columns + 1) * MARGIN) // columns
        high = (SIZE[1] - (rows + 1) * MARGIN) // rows - NAME_HEIGHT - WORDS_HEIGHT
        return max(min(wide, high), 1)

    best = max(range(1, max(people, 1) + 1), key=side)
    return best, side(best)


def _height(side: int) -> int:
    return NAME_HEIGHT + side + WORDS_HEIGHT


def _draw_person(
    frame: Image.Image, pen: ImageDraw.ImageDraw, person: Tile, corner: tuple[int, int], side: int
) -> None:
    left, top = corner
    ink = INK if person.here else PALE
    pen.text(
        (left, top + 4), _shortened(pen, one_line(person.name, MOST_LETTERS), NAME_SIZE, side), ink, _font(NAME_SIZE)
    )
    square = (left, top + NAME_HEIGHT, left + side - 1, top + NAME_HEIGHT + side - 1)
    pen.rectangle(square, fill=CARD)
    if person.here and person.image is not None:
        frame.paste(_fitted(person.image, side), square[:2])
    if person.speaking:
        outer = (square[0] - RING, square[1] - RING, square[2] + RING, square[3] + RING)
        pen.rectangle(outer, outline=SPEAKING, width=RING)
    words = one_line(person.words, MOST_LETTERS) if person.here else "not here"
    for number, line in enumerate(_wrapped(pen, words, side)):
        at = (left, square[3] + 12 + number * (WORDS_SIZE + 6))
        pen.text(at, line, ink if person.here else PALE, _font(WORDS_SIZE))


def _fitted(image: Image.Image, side: int) -> Image.Image:
    from PIL import Image, ImageOps

    return ImageOps.pad(image.convert("RGB"), (side, side), Image.Resampling.BICUBIC, color=CARD)


def _wrapped(pen: ImageDraw.ImageDraw, text: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and pen.textlength(longer, _font(WORDS_SIZE)) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > WORDS_LINES:
        lines = [*lines[: WORDS_LINES - 1], " ".join(lines[WORDS_LINES - 1 :])]
    return [_shortened(pen, line, WORDS_SIZE, width) for line in lines]


def _shortened(pen: ImageDraw.ImageDraw, text: str, size: int, width: int) -> str:
    if pen.textlength(text, _font(size)) <= width:
        return text
    while text and pen.textlength(text + "…", _font(size)) > width:
        text = text[:-1]
    return text + "…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
