"""Draws a frame of an exported video: a tile for each participant, the name above, the caption below."""

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
MARK, MARK_SIZE = "painted from words", 15

# Longer captions end in an ellipsis; the subtitles have all of them.
WORDS_LINES = 4

WORDS_HEIGHT = WORDS_LINES * (WORDS_SIZE + 6)
PAPER, CARD, INK, PALE, SPEAKING = "#15161a", "#1e2026", "#e7e8ec", "#9a9eab", "#5fd0a5"
RING = 6

# Of a name or a caption; longer ones do not fit, and measuring them would take minutes.
MOST_LETTERS = 400

# The first that is installed is used; Pillow's own, the last resort, has Latin letters alone.
FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf")


@dataclass(frozen=True, slots=True)
class Tile:
    """What a frame shows of a participant; `image` is None before the first picture."""

    name: str
    present: bool = False
    speaking: bool = False
    image: Image.Image | None = None
    words: str = ""


def draw_frame(tiles: Sequence[Tile], marked: bool = True) -> Image.Image:
    """Return the frame, RGB of `SIZE`. The tiles' positions depend on their number alone.

    Pictures are `marked` as painted: a video that is passed on has no other sign that nobody filmed it.
    """
    from PIL import Image, ImageDraw

    frame = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(frame)
    columns, side = _layout(len(tiles))
    rows = math.ceil(len(tiles) / columns)
    top = (SIZE[1] - rows * _height(side) - (rows - 1) * MARGIN) // 2
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        in_row = min(columns, len(tiles) - row * columns)
        left = (SIZE[0] - in_row * side - (in_row - 1) * MARGIN) // 2
        at = (left + column * (side + MARGIN), top + row * (_height(side) + MARGIN))
        _draw_tile(frame, pen, tile, at, side)
        if marked and tile.present and tile.image is not None:
            _draw_mark(pen, (at[0] + side, at[1] + NAME_HEIGHT + side), side)
    return frame


def _layout(tiles: int) -> tuple[int, int]:
    """Return the number of columns, and the side of a picture: the largest that fits."""

    def side(columns: int) -> int:
        rows = max(math.ceil(tiles / columns), 1)
        wide = (SIZE[0] - (columns + 1) * MARGIN) // columns
        high = (SIZE[1] - (rows + 1) * MARGIN) // rows - NAME_HEIGHT - WORDS_HEIGHT
        return max(min(wide, high), 1)

    best = max(range(1, max(tiles, 1) + 1), key=side)
    return best, side(best)


def _height(side: int) -> int:
    return NAME_HEIGHT + side + WORDS_HEIGHT


def _draw_tile(frame: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, corner: tuple[int, int], side: int) -> None:
    left, top = corner
    ink = INK if tile.present else PALE
    pen.text(
        (left, top + 4), _shortened(pen, one_line(tile.name, MOST_LETTERS), NAME_SIZE, side), ink, _font(NAME_SIZE)
    )
    square = (left, top + NAME_HEIGHT, left + side - 1, top + NAME_HEIGHT + side - 1)
    pen.rectangle(square, fill=CARD)
    if tile.present and tile.image is not None:
        frame.paste(_fitted(tile.image, side), square[:2])
    if tile.speaking:
        outer = (square[0] - RING, square[1] - RING, square[2] + RING, square[3] + RING)
        pen.rectangle(outer, outline=SPEAKING, width=RING)
    words = one_line(tile.words, MOST_LETTERS) if tile.present else "not here"
    for number, line in enumerate(_wrapped(pen, words, side)):
        at = (left, square[3] + 12 + number * (WORDS_SIZE + 6))
        pen.text(at, line, ink if tile.present else PALE, _font(WORDS_SIZE))


def _draw_mark(pen: ImageDraw.ImageDraw, corner: tuple[int, int], side: int) -> None:
    """Draw the mark into a picture's lower right corner, on ground of its own; the smallest pictures get it smaller."""
    size = max(min(MARK_SIZE, side // 10), 1)
    font = _font(size)
    left, top, *_ = pen.textbbox((corner[0] - size // 2, corner[1] - size // 2), MARK, font, anchor="rd")
    pen.rectangle((left - size // 3, top - size // 3, corner[0] - 1, corner[1] - 1), fill=PAPER)
    pen.text((left, top), MARK, INK, font, anchor="lt")


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
