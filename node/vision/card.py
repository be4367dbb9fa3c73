"""Cards: words as a picture, where a painter does not know what they mean; and words beneath a picture.

The same words and seed give the same card on the same machine.
"""

from __future__ import annotations

import unicodedata

from PIL import Image, ImageDraw

from node.vision.lettering import Lettering, fit

# Calm papers, one for each seed's remainder, so that another scene is seen to be another; and the ink, whose contrast
# with the darkest of them is 10 : 1.
PAPERS = ("#e4eaee", "#ece8de", "#e3ebe1", "#ebe3e6", "#e5e3ee", "#e2ebea")
INK = "#27313a"

# Shares of a picture's side: the margin, and letters from one word that fills the card to a long sentence.
MARGIN = 0.08
LARGEST, SMALLEST = 0.17, 0.055

# Beneath a picture: letters of this size and smaller, of which a third of the side has four lines. The picture is made
# smaller by that and not covered: what a cat sits on is at its foot.
LARGEST_BENEATH = 0.075
HIGHEST_BAND = 0.33


def draw_card(words: str, seed: int, side: int) -> Image.Image:
    """Draw the words in large letters on paper: RGB, `side` x `side`."""
    card = Image.new("RGB", (side, side), PAPERS[seed % len(PAPERS)])
    margin = round(side * MARGIN)
    inner = side - 2 * margin
    lettering = fit(words, inner, inner, round(side * LARGEST), round(side * SMALLEST))
    _write(card, lettering, (margin, (side - lettering.height) // 2))
    return card


def write_beneath(picture: Image.Image, words: str) -> Image.Image:
    """Return the square picture, made smaller, above the words: RGB of the picture's size."""
    side = picture.width
    margin, gap = round(side * MARGIN), round(side * MARGIN / 2)
    most = round(side * HIGHEST_BAND) - 2 * gap
    lettering = fit(words, side - 2 * margin, most, round(side * LARGEST_BENEATH), round(side * SMALLEST))
    top = side - lettering.height - 2 * gap
    result = Image.new("RGB", picture.size, PAPERS[0])
    result.paste(picture.resize((top, top), Image.Resampling.LANCZOS), ((side - top) // 2, 0))
    _write(result, lettering, (margin, top + gap))
    return result


def _write(picture: Image.Image, lettering: Lettering, corner: tuple[int, int]) -> None:
    pen = ImageDraw.Draw(picture)
    left, top = corner
    for index, line in enumerate(lettering.lines):
        y = top + round(index * lettering.height / len(lettering.lines))
        if _runs_leftwards(line):
            pen.text((picture.width - left, y), line, INK, lettering.font, anchor="ra")
        else:
            pen.text((left, y), line, INK, lettering.font)


def _runs_leftwards(line: str) -> bool:
    """Return whether the first letter is of a script that is written from right to left."""
    first = next((letter for letter in line if unicodedata.bidirectional(letter) in ("L", "R", "AL")), "")
    return unicodedata.bidirectional(first or " ") in ("R", "AL")
