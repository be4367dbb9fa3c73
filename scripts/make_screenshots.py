#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the pictures of the page in docs/images/: in six windows, light and dark.

.venv/bin/python scripts/make_screenshots.py

What they show is the page on a scripted node, the same every time. The people are out of docs/images/embedded.png: what
the embedded generator painted of its captions, and what a camera saw. Pictures of large windows are shrunk.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "support"))

from chromium import Screen, launched  # noqa: E402
from scripted_node import NOW, ScriptedNode, demo, meters, person, picture  # noqa: E402

IMAGES = ROOT / "docs" / "images"
# Each window, how many others are in the call, and the drawer that is open.
SCREENS = {
    "phone": (Screen(390, 844, mobile=True, scale=2), 1, ""),
    "phone-landscape": (Screen(844, 390, mobile=True), 1, ""),
    "small-phone": (Screen(320, 568, mobile=True), 2, ""),
    "desktop": (Screen(1280, 800), 1, ""),
    "large": (Screen(1920, 1080), 4, "chat"),
    "largest": (Screen(2560, 1440), 2, "details"),
}
WIDEST = 1280
SETTLED_S = 1.0
COLOURS = 255  # the eye sees no difference, and the files are a quarter of the size
PASSES = 1  # of k-means over colours spread wide: this keeps the few pixels of the accent, and more passes take minutes
# Where the sheet has its pairs, a drawing and its painting, and whom they show.
LEFT, TOP, SIDE, ACROSS, DOWN = 24, 40, 160, 344, 222
PEOPLE = {
    "bob": (1, 1, "a woman with tied-back brown hair wearing a blue jacket is smiling in the mountains"),
    "cat": (
        5,
        3,
        "a man with tied-back black hair and a beard wearing a white t-shirt is holding a phone in a kitchen at night",
    ),
    "dan": (
        0,
        2,
        "a man with tied-back red hair, a beard and glasses wearing a purple hooded sweater and a woolly hat "
        "is holding a phone on a beach at sunset",
    ),
    "eve": (
        6,
        3,
        "a woman with long blond hair wearing a purple shirt and headphones is looking at you with an umbrella "
        "on a rainy day",
    ),
}
OWN = (
    5,
    1,
    "a woman with short grey hair wearing an orange hooded sweater is leaning on one hand with a cup "
    "in a plain room at sunset",
)
YOU = {
    "person": "ann",
    "name": "ann",
    "muted": False,
    "camera_on": True,
    "may_speak": False,
    "may_show": False,
    "speaking": True,
    "showing": True,
    "me": "a woman with short grey hair",
    "sight": None,
}
LINES = (
    ("bob", "Can you see the mountains?"),
    ("ann", "Yes, and the sun over them!"),
    ("bob", "All of it in 21 bits."),
)


def cell(sheet: Image.Image, row: int, column: int, painted: bool) -> Image.Image:
    """Cut one picture out of the sheet."""
    left, top = LEFT + ACROSS * column + SIDE * painted, TOP + DOWN * row
    return sheet.crop((left, top, left + SIDE, top + SIDE))


def shown(
    node: ScriptedNode, name: str, row: int, column: int, words: str, phase: int, **changes: Any
) -> dict[str, Any]:
    """Return a person of the sheet; of oneself the drawing is what the camera saw."""
    with Image.open(IMAGES / "embedded.png") as sheet:
        drawn, painted = (node.picture(cell(sheet.convert("RGB"), row, column, which)) for which in (False, True))
    own = bool(changes.get("you"))
    history = [meters(second, phase) for second in range(60)]
    one = picture(1, words, painted, drawn if own else None)
    return person(name, [one], meters=history[phase], history=history, **changes)


def scene(node: ScriptedNode, others: int) -> None:
    """Set the state of a call with so many others."""
    people = [shown(node, name, *at, 5 * number) for number, (name, at) in enumerate(list(PEOPLE.items())[:others])]
    people.append(shown(node, "ann", *OWN, 3, you=True))
    texts = [
        {"id": str(number), "from": name, "name": name, "mine": name == "ann", "at": NOW + 20 * number, "text": text}
        | {"have": ["bob"] if name == "ann" else [], "waiting": []}
        for number, (name, text) in enumerate(LINES)
    ]
    node.state |= {"kind": "call", "you": YOU, "people": people, "texts": texts}


async def take(folder: Path) -> dict[str, bytes]:
    """Take every screenshot, by the name of its file."""
    taken = {}
    async with launched(folder) as browser, ScriptedNode(demo()) as node:
        for name, (screen, others, drawer) in SCREENS.items():
            scene(node, others)
            for dark in (False, True):
                page = await browser.page(screen, dark=dark)
                await page.open(node.url)
                await page.until("document.body.hasAttribute('data-ready')")
                await page.evaluate("pictophone.enter()")
                if drawer:
                    await page.evaluate(f"document.getElementById('show-{drawer}').click()")
                await page.until(f"document.querySelectorAll('.painted img').length === {others}")
                await asyncio.sleep(SETTLED_S)
                taken[f"page-{name}-{'dark' if dark else 'light'}.png"] = await page.screenshot()
                await page.close()
    return taken


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(take(Path(folder)))
    for name, png in taken.items():
        image = Image.open(io.BytesIO(png)).convert("RGB")
        image.thumbnail((WIDEST, image.height), Image.Resampling.LANCZOS)
        image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=PASSES).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
