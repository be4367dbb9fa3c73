"""What people say, in a real browser: over their pictures, in the chat, and in no one's way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from chromium import DESKTOP, PHONE, Browser, Screen
from PIL import Image
from scripted_node import NOW, ScriptedNode, demo, person, picture

LONG = "And as long as nothing changes, nothing is sent at all, " * 4
SHOWN = "[...document.querySelectorAll('.subtitle')].map((each) => each.textContent)"
OUTSIDE = """
[...document.querySelectorAll('.said, .subtitle, .words')].map((each) => each.getBoundingClientRect())
  .filter((box) => box.width && (box.left < -0.5 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5))
  .length
"""


def line(number: int, author: str, words: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{author}-{number}",
        "from": author,
        "name": author,
        "mine": False,
        "at": NOW,
        "text": words,
        "have": [],
        "waiting": [],
        "spoken_s": 4.2,
    } | changes


@pytest.mark.parametrize(
    "screen", [PHONE, Screen(844, 390, mobile=True), DESKTOP], ids=["phone", "landscape", "desktop"]
)
async def test_subtitles_are_over_their_speakers(browser: Browser, screen: Screen) -> None:
    async with ScriptedNode(demo()) as node:
        url = node.picture(Image.new("RGB", (256, 256), "#a06040"))
        people = [person(name, [picture(1, "a cat on a bench", url)]) for name in ("ann", "bob")]
        node.state |= {"kind": "call", "people": people, "texts": []}
        page = await browser.page(screen)
        await page.open(node.url)
        await page.until("document.body.hasAttribute('data-ready')")
        await page.evaluate("pictophone.enter()")
        await page.until("document.querySelectorAll('.painted img').length === 2")
        hostile = "<b>one</b>\u202e"
        node.say("text", line(0, "ann", hostile))
        node.say("text", line(0, "bob", LONG))
        await page.until(f"{SHOWN}.join('') !== '' && {SHOWN}.every(Boolean)")
        assert await page.evaluate(SHOWN) == [hostile, LONG]
        assert await page.evaluate(OUTSIDE) == 0
        assert await page.evaluate("document.querySelector('#show-chat').dataset.unread ?? ''") == ""
        assert await page.evaluate("document.querySelectorAll('#texts [data-spoken]').length") == 2
        assert await page.evaluate("document.querySelector('#read').textContent") == ""  # they are heard
        node.say("text", line(1, "ann", "two"))
        await page.until(f"{SHOWN}[0] === 'two'")
        if folder := os.environ.get("SCREENSHOTS"):
            (Path(folder) / f"subtitles-{screen.width}.png").write_bytes(await page.screenshot())
        assert page.errors == []
