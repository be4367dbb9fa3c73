#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the contact sheets of the docs: what was seen, the words for it, and what is painted of those.

docs/images/embedded.png has 32 scenes never trained on, people.png beside it twelve photos. None is picked: the
scenes are the first held-out ones from the seed where `pictophone models bench` begins, the photos lie evenly in their
table. A caption that is not a scene's own is red, as are words that are not painted as they are; photos have their
source beneath.

.venv/bin/python scripts/make_contact_sheet.py
.venv/bin/python scripts/make_contact_sheet.py --people FOLDER    # which holds truth.tsv
"""

from __future__ import annotations

import argparse
import asyncio
import csv
from dataclasses import dataclass
from pathlib import Path

from make_docs import GAP, INK, PAPER, wrapped
from PIL import Image, ImageDraw, ImageFont, ImageOps

from node.bench.models.evaluate import FIRST_SEED, SEEDS, unseen_scenes
from node.vision.likeness import of_seen
from node.vision.presets import preset
from node.vision.scenes import caption, draw
from node.vision.scenes.reading import coverage
from node.vision.seed_table import nearest_seeds
from node.vision.worker import Worker

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SCENES = 32
PHOTOS = 12
COLUMNS = 4
SIDE, BAND, HEAD = 160, 62, 40
WRONG, GREY = "#c02020", "#707070"
COLOURS = 255  # of the file: the eye sees no difference, and it is a third of the size


@dataclass(frozen=True)
class Row:
    """One scene or photo on its way."""

    seen: Image.Image
    words: str
    right: bool
    painted: Image.Image
    source: str = ""


async def photographed(folder: Path) -> list[Row]:
    """Photos of the folder's table, each by itself, of people of whom nothing was said."""
    with (folder / "truth.tsv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    chosen = table[:: len(table) // PHOTOS][:PHOTOS]
    models = preset("people")
    made = []
    async with Worker(captioner=models.captioner, generator=models.generator) as worker:
        for number, row in enumerate(chosen):
            seen = Image.open(folder / row["file"]).convert("RGB")
            found = await worker.see(seen)
            words, likeness = found.words, of_seen(found)
            seed = number if likeness is None else nearest_seeds(likeness, 1)[0]
            source = f"{row['file']}: {row['source and licence']}"
            made.append(Row(seen, words, not coverage(words).rest, await worker.paint(words, seed), source))
    return made


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


def sheet(made: list[Row], title: str) -> Image.Image:
    """The rows in columns: what was seen on the left, what was painted on the right, the words below."""
    cell = 2 * SIDE + GAP
    height = HEAD + -(-len(made) // COLUMNS) * (SIDE + BAND)
    page = Image.new("RGB", (GAP + COLUMNS * cell, height), PAPER)
    draw_on, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    draw_on.text((GAP, 10), title, INK, ImageFont.load_default(18))
    for number, row in enumerate(made):
        left, top = GAP + number % COLUMNS * cell, HEAD + number // COLUMNS * (SIDE + BAND)
        for image, x in ((row.seen, left), (row.painted, left + SIDE)):
            page.paste(ImageOps.fit(image, (SIDE, SIDE), Image.Resampling.LANCZOS), (x, top))
        lines = wrapped(draw_on, row.words, font, 2 * SIDE)[:3]
        ink = INK if row.right else WRONG
        draw_on.multiline_text((left, top + SIDE + 4), "\n".join(lines), ink, font, spacing=2)
        small = ImageFont.load_default(8)
        draw_on.text((left, top + SIDE + BAND - 13), wrapped(draw_on, row.source, small, 2 * SIDE)[0], GREY, small)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, metavar="FOLDER", help="photos, with their truth.tsv")
    folder = parser.parse_args().people
    if folder is None:
        title = f"Scene, caption, painting: the first {SCENES} held-out scenes from seed {FIRST_SEED:,}, none picked"
        page, name = sheet(asyncio.run(rows()), title), "embedded.png"
    else:
        title = f"Photo, words, painting: {PHOTOS} photos, none picked, of people of whom nothing was said"
        page, name = sheet(asyncio.run(photographed(folder)), title), "people.png"
    page.quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
