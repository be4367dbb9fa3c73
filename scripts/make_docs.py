#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make what docs/ shows: the picture of a call, and the signalling diagram inside docs/protocol.md.

.venv/bin/python scripts/make_docs.py
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from node.call.loopback import SCENES
from node.captions.coder import shipped_codecs
from node.vision.image_metrics import difference
from node.vision.presets import preset
from node.vision.scenes import SceneSequence
from node.vision.worker import Worker
from protocol.captions import Coded
from protocol.signalling.states import diagram

DOCS = Path(__file__).parents[1] / "docs"
IMAGES = DOCS / "images"
MOMENTS = (1.0, 5.0, 9.0)  # one of each of the first chapters
# As the page's pictures are made, with `--tries 16`: one seed for each camera's scene.
TRIES = 16
SIDE, GAP, BAND, HEAD = 256, 24, 76, 44
INK, PALE, PAPER = "#222433", "#70748a", "#ffffff"


@dataclass(frozen=True)
class Column:
    """One picture of a call, from the camera to the other side's screen."""

    sender: str
    seen: Image.Image
    words: str
    coded: Coded
    painted: Image.Image


async def picture_of_a_call() -> Image.Image:
    """Draw what each camera saw, the words that went over the wire, and what the other side painted."""
    models, codecs = preset("embedded"), shipped_codecs()
    columns = []
    async with Worker(captioner=models.captioner, generator=models.generator) as worker:
        for name, spec in SCENES.items():
            story, seed = SceneSequence(int(spec.partition(":")[2])), None
            for moment in MOMENTS:
                seen = story.image(moment)
                words = await worker.caption(seen)
                seed = await best_seed(worker, words, seen) if seed is None else seed
                coded = codecs.encode(words, codecs.newest())
                columns.append(Column(name, seen, words, coded, await worker.paint(words, seed)))
    return sheet(columns)


async def best_seed(worker: Worker, words: str, seen: Image.Image) -> int:
    """Return the seed whose picture comes closest to the snapshot, of the first few, however long that takes."""
    gaps = {seed: difference(await worker.paint(words, seed), seen) for seed in range(TRIES)}
    return min(gaps, key=gaps.__getitem__)


def sheet(columns: list[Column]) -> Image.Image:
    """Draw the columns side by side: seen above, words between, painted below."""
    width = GAP + len(columns) * (SIDE + GAP)
    page = Image.new("RGB", (width, HEAD + 2 * SIDE + BAND + GAP), PAPER)
    draw = ImageDraw.Draw(page)
    head, text, small = (ImageFont.load_default(size) for size in (20, 15, 12))
    title = f"What the camera saw, the words that were sent, what the other side painted (--tries {TRIES})"
    draw.text((GAP, 12), title, INK, head)
    for number, column in enumerate(columns):
        left = GAP + number * (SIDE + GAP)
        page.paste(column.seen, (left, HEAD))
        lines = wrapped(draw, column.words, text)
        draw.multiline_text((left, HEAD + SIDE + 6), "\n".join(lines[:3]), INK, text, spacing=3)
        draw.text((left, HEAD + SIDE + BAND - 16), cost(column), PALE, small)
        page.paste(column.painted, (left, HEAD + SIDE + BAND))
    return page


def cost(column: Column) -> str:
    """Say what the words of a picture cost, in the codec that calls send them in."""
    coded = column.coded
    return f"from {column.sender}: {coded.bits} bits as sent, {8 * len(column.words.encode())} as plain text"


def wrapped(
    draw: ImageDraw.ImageDraw, words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int = SIDE
) -> list[str]:
    """Break the words into lines of that width in pixels, by default what fits under a picture."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def with_diagram(page: str) -> str:
    """Put the diagram of the signalling table of today into the page."""
    return re.sub(r"```mermaid\n.*?```", lambda _: f"```mermaid\n{diagram()}\n```", page, flags=re.DOTALL)


def main() -> None:
    asyncio.run(picture_of_a_call()).save(IMAGES / "call.png", optimize=True)
    page = DOCS / "protocol.md"
    page.write_text(with_diagram(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
