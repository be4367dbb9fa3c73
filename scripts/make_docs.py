#!/usr/bin/env python3
"""Makes what docs/ shows: the picture of a call, and the signalling diagram inside docs/protocol.md.

.venv/bin/python scripts/make_docs.py
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from node.commands.demo import SCENES
from node.vision.presets import preset
from node.vision.scenes import SceneSequence
from node.vision.worker import Worker
from protocol.captions import encode
from protocol.signalling.states import diagram

DOCS = Path(__file__).parents[1] / "docs"
MOMENTS = (1.0, 5.0, 9.0)  # one of each of the first chapters
SIDE, GAP, BAND, HEAD = 256, 24, 76, 44
INK, PALE, PAPER = "#222433", "#70748a", "#ffffff"


async def picture_of_a_call() -> Image.Image:
    """What each camera saw, the words that went over the wire, and what the other side painted."""
    models = preset("embedded")
    columns = []
    async with Worker(captioner=models.captioner, generator=models.generator) as worker:
        for name, spec in SCENES.items():
            sequence = SceneSequence(int(spec.partition(":")[2]))
            for moment in MOMENTS:
                seen = sequence.image(moment)
                words = await worker.caption(seen)
                columns.append((name, seen, words, await worker.paint(words, seed=1)))
    return sheet(columns)


def sheet(columns: list[tuple[str, Image.Image, str, Image.Image]]) -> Image.Image:
    """The columns side by side: seen above, words between, painted below."""
    width = GAP + len(columns) * (SIDE + GAP)
    page = Image.new("RGB", (width, HEAD + 2 * SIDE + BAND + GAP), PAPER)
    draw = ImageDraw.Draw(page)
    head, text = ImageFont.load_default(20), ImageFont.load_default(15)
    draw.text((GAP, 12), "What the camera saw, the words that were sent, what the other side painted", INK, head)
    for number, (name, seen, words, painted) in enumerate(columns):
        left = GAP + number * (SIDE + GAP)
        page.paste(seen, (left, HEAD))
        lines = wrapped(draw, words, text)
        draw.multiline_text((left, HEAD + SIDE + 6), "\n".join(lines[:3]), INK, text, spacing=3)
        bits = encode(words, 0).bits
        draw.text(
            (left, HEAD + SIDE + BAND - 16), f"from {name}: {bits} bits as plain text", PALE, ImageFont.load_default(12)
        )
        page.paste(painted, (left, HEAD + SIDE + BAND))
    return page


def wrapped(
    draw: ImageDraw.ImageDraw, words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int = SIDE
) -> list[str]:
    """The words in lines of that width, by default what fits under a picture."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def with_diagram(page: str) -> str:
    """The page with the diagram of today's signalling table."""
    return re.sub(r"```mermaid\n.*?```", lambda _: f"```mermaid\n{diagram()}\n```", page, flags=re.DOTALL)


def main() -> None:
    asyncio.run(picture_of_a_call()).save(DOCS / "call.png", optimize=True)
    page = DOCS / "protocol.md"
    page.write_text(with_diagram(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
