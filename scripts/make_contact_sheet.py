#!/usr/bin/env python3
"""Make docs/images/embedded.png: 32 scenes never trained on, the models' words for them, and what they paint of those.

None is picked: they are the first held-out scenes from the seed where `pictophone models bench` begins. A caption that
is not the scene's own is red.

.venv/bin/python scripts/make_contact_sheet.py
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from make_docs import GAP, INK, PAPER, wrapped
from PIL import Image, ImageDraw, ImageFont

from node.bench.models.evaluate import FIRST_SEED, SEEDS, unseen_scenes
from node.vision.presets import preset
from node.vision.scenes import caption, draw
from node.vision.worker import Worker

SHEET = Path(__file__).parents[1] / "docs" / "images" / "embedded.png"
SCENES = 32
COLUMNS = 4
SIDE, BAND, HEAD = 160, 62, 40
WRONG = "#c02020"
COLOURS = 255  # of the file: the eye sees no difference, and it is a third of the size


@dataclass(frozen=True)
class Row:
    """One scene on its way."""

    seen: Image.Image
    words: str
    right: bool
    painted: Image.Image


async def rows() -> list[Row]:
    """Every scene, captioned and painted."""
    models = preset("embedded")
    made = []
    async with Worker(captioner=models.captioner, generator=models.generator) as worker:
        for scene in unseen_scenes(SCENES):
            seen = draw(scene)
            words = await worker.caption(seen)
            made.append(Row(seen, words, words == caption(scene), await worker.paint(words, scene.variant % SEEDS)))
    return made


def sheet(made: list[Row]) -> Image.Image:
    """The rows in columns: the scene on the left, what was painted on the right, the words below."""
    cell = 2 * SIDE + GAP
    height = HEAD + -(-len(made) // COLUMNS) * (SIDE + BAND)
    page = Image.new("RGB", (GAP + COLUMNS * cell, height), PAPER)
    draw_on, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    title = f"Scene, caption, painting: the first {len(made)} held-out scenes from seed {FIRST_SEED:,}, none picked"
    draw_on.text((GAP, 10), title, INK, ImageFont.load_default(18))
    for number, row in enumerate(made):
        left, top = GAP + number % COLUMNS * cell, HEAD + number // COLUMNS * (SIDE + BAND)
        for image, x in ((row.seen, left), (row.painted, left + SIDE)):
            page.paste(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, top))
        lines = wrapped(draw_on, row.words, font, 2 * SIDE)
        draw_on.multiline_text(
            (left, top + SIDE + 4), "\n".join(lines[:3]), INK if row.right else WRONG, font, spacing=2
        )
    return page


def main() -> None:
    page = sheet(asyncio.run(rows()))
    page.quantize(COLOURS, dither=Image.Dither.NONE).save(SHEET, optimize=True)


if __name__ == "__main__":
    main()
