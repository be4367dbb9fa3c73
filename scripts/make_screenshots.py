#!/usr/bin/env python3
"""Make the pictures of the page in docs/images/: in six windows, light and dark.

.venv/bin/python scripts/make_screenshots.py

What they show is a real call: `pictophone demo`, looked at by Chromium.
Those of large windows are shrunk.
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
SCREENS = {
    "phone": Screen(390, 844, mobile=True, scale=2),
    "phone-landscape": Screen(844, 390, mobile=True),
    "small-phone": Screen(320, 568, mobile=True),
    "desktop": Screen(1280, 800),
    "large": Screen(1920, 1080),
    "largest": Screen(2560, 1440),
}
WIDEST = 1280
FILLED_S = 300.0
PEOPLE = "[...pictophone.call.people.values()]"
FILLED = f"{PEOPLE}.length === 2 && {PEOPLE}.every((person) => person.history.length >= 20 && person.pictures.length)"
PICTURES = f"{PEOPLE}.reduce((sum, person) => sum + person.pictures.at(-1).sequence, 0)"
SETTLED_S = 1.6  # After the last picture: the morph to it takes one second.
COLOURS = 255  # the eye sees no difference, and the files are a quarter of the size
PASSES = 3  # of k-means over colours spread wide: of the ways to choose them, this keeps the few pixels of the accent


async def take(folder: Path) -> dict[str, bytes]:
    """Take every screenshot, by the name of its file."""
    async with demo("--tries", "16") as url, launched(folder) as browser:
        # One tab for all: a browser has six connections to a host, and each tab that follows the call holds one.
        page = await browser.page()
        await page.open(url)
        await page.until(FILLED, FILLED_S)
        taken = {}
        for name, screen in SCREENS.items():
            for dark in (False, True):
                await page.show_as(screen, dark=dark)
                taken[f"page-{name}-{'dark' if dark else 'light'}.png"] = await settled(page)
        return taken


async def settled(page: Page) -> bytes:
    """Take a screenshot between two changes of the pictures, with none of them on its way."""
    while True:
        before = await page.evaluate(PICTURES)
        await page.until(f"{PICTURES} > {before}", FILLED_S)
        shown = await page.evaluate(PICTURES)
        await asyncio.sleep(SETTLED_S)
        screenshot = await page.screenshot()
        if await page.evaluate(PICTURES) == shown:
            return screenshot


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(take(Path(folder)))
    for name, png in taken.items():
        image = Image.open(io.BytesIO(png)).convert("RGB")
        image.thumbnail((WIDEST, image.height), Image.Resampling.LANCZOS)
        image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=PASSES).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
