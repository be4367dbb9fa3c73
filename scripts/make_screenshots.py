#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the pictures of the page in docs/images/: on a desktop and on a phone, light and dark.

.venv/bin/python scripts/make_screenshots.py

What they show is a real call: `pictophone demo`, looked at by Chromium for a minute, so that the plots are full. The
fonts are the machine's; these were made with Inter and Noto Serif (Debian: fonts-inter fonts-noto-core).
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from pathlib import Path

from bench_page import demo
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "support"))

from chromium import Page, Screen, launched  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SCREENS = {"desktop": Screen(1280, 976), "phone": Screen(390, 844, mobile=True, scale=2)}
FILLED_S = 120.0
PEOPLE = "[...pictophone.call.people.values()]"
FILLED = f"{PEOPLE}.length === 2 && {PEOPLE}.every((person) => person.history.length >= 60 && person.pictures.length)"
IDLE = f"{PEOPLE}.every((person) => person.painting === null)"
PICTURES = f"{PEOPLE}.reduce((sum, person) => sum + person.pictures.at(-1).sequence, 0)"
SETTLED_S = 1.6  # After the last picture: the morph to it takes one second.
COLOURS = 255  # the eye sees no difference, and the files are a quarter of the size
PASSES = 3  # of k-means over colours spread wide: of the ways to choose them, this keeps the few pixels of the accent


async def take(folder: Path) -> dict[str, bytes]:
    """Take every screenshot, by the name of its file."""
    async with demo("--tries", "16") as url, launched(folder) as browser:
        pages: dict[str, Page] = {}
        for name, screen in SCREENS.items():
            for dark in (False, True):
                page = await browser.page(screen, dark=dark)
                await page.open(url)
                pages[f"page-{name}-{'dark' if dark else 'light'}.png"] = page
        await page.until(FILLED, FILLED_S)
        return {name: await settled(page) for name, page in pages.items()}


async def settled(page: Page) -> bytes:
    """Take a screenshot between two changes of the pictures, with none of them being painted or on its way."""
    await page.to_front()
    while True:
        before = await page.evaluate(PICTURES)
        await page.until(f"{PICTURES} > {before} && {IDLE}")
        shown = await page.evaluate(PICTURES)
        await asyncio.sleep(SETTLED_S)
        screenshot = await page.screenshot()
        if await page.evaluate(f"{PICTURES} === {shown} && {IDLE}"):
            return screenshot


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(take(Path(folder)))
    for name, png in taken.items():
        image = Image.open(io.BytesIO(png)).convert("RGB")
        image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=PASSES).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
