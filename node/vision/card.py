"""Cards: words as a picture, where a painter does not know what they mean; and words beneath a picture.

The same words and seed give the same card on the same machine.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from node.vision.lettering import Lettering, fit, runs_leftwards

# Calm papers, one for each seed's remainder, so that another scene is seen to be another; and the ink, whose contrast
# with the darkest of them is 10 : 1.
PAPERS = ("#e4eaee", "#ece8de", "#e3ebe1", "#ebe3e6", "#e5e3ee", "#e2ebea")
INK = "#27313a"

# Shares of a picture's side: the margin, and letters from one word that fills the card to a long sentence.
MARGIN = 0.08
LARGEST, SMALLEST = 0.17, 0.055

# Beneath a picture: letters of this size and smaller, on a band that leaves two thirds of the picture to be seen.
LARGEST_BENEATH = 0.075
HIGHEST_BAND = 0.33

# Of 255: so much that any picture leaves the words readable, and so little that it is seen to go on below.
BAND_OPACITY = 232


def draw_card(words: str, seed: int, side: int) -> Image.Image:
    """Draw the words in large letters on paper: RGB, `side` x `side`."""
    card = Image.new("RGB", (side, side), PAPERS[seed % len(PAPERS)])
    margin = round(side * MARGIN)
    inner = side - 2 * margin
    lettering = fit(words, inner, inner, round(side * LARGEST), round(side * SMALLEST))
    _write(card, lettering, (margin, (side - lettering.height) // 2))
    return card


def write_beneath(picture: Image.Image, words: str) -> Image.Image:
    """Return the picture, of the same size, with the words on a band over its foot."""
    width, height = picture.size
    margin, gap = round(width * MARGIN), round(width * MARGIN / 2)
    most = round(height * HIGHEST_BAND) - 2 * gap
    lettering = fit(words, width - 2 * margin, most, round(width * LARGEST_BENEATH), round(width * SMALLEST))
    top = height - lettering.height - 2 * gap
    band = Image.new("RGB", (width, height - top), PAPERS[0])
    result = picture.copy()
    result.paste(band, (0, top), Image.new("L", band.size, BAND_OPACITY))
    _write(result, lettering, (margin, top + gap))
    return result


def _write(picture: Image.Image, lettering: Lettering, corner: tuple[int, int]) -> None:
    pen = ImageDraw.Draw(picture)
    left, top = corner
    for index, line in enumerate(lettering.lines):
        y = top + round(index * lettering.height / len(lettering.lines))
        if runs_leftwards(line):
            pen.text((picture.width - left, y), line, INK, lettering.font, anchor="ra")
        else:
            pen.text((left, y), line, INK, lettering.font)
