"""Push to talk in a real browser: the button is held, or the space key, and who has the floor is shown."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from chromium import DESKTOP, PHONE, Browser, Page
from PIL import Image
from scripted_node import ScriptedNode, demo, person, person_event, picture

YOU = {"person": "me", "name": "me", "muted": False, "camera_on": True, "may_speak": False, "may_show": False}
SPACE = {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "}
FLOORS = "[...document.querySelectorAll('.tile')].map((tile) => tile.hasAttribute('data-floor'))"


def you(floor: str | None) -> dict[str, Any]:
    return YOU | {"speaking": False, "showing": False, "me": None, "sight": None, "floor": floor}


async def opened(browser: Browser, node: ScriptedNode, screen: Any = DESKTOP) -> Page:
    url = node.picture(Image.new("RGB", (256, 256), "#a06040"))
    people = [person(name, [picture(1, "a cat on a bench", url)]) for name in ("ann", "bob")]
    node.state |= {"kind": "call", "people": [*people, person("me", you=True)], "texts": [], "you": you("free")}
    page = await browser.page(screen)
    await page.open(node.url)
    await page.until("document.body.hasAttribute('data-ready')")
    await page.evaluate("pictophone.enter()")
    await page.until("!document.querySelector('#talk').hidden")
    return page


async def wished(page: Page, node: ScriptedNode, count: int) -> list[dict[str, bool]]:
    """The first wishes for the floor; each was answered when the next thing is asked of the page."""
    wishes: list[dict[str, bool]] = []
    async with asyncio.timeout(20):
        while len(wishes) < count:
            await page.evaluate("1")
            wishes = [json.loads(body) for _, path, body in node.asked if path == "/talk"]
    return wishes


async def key(page: Page, kind: str) -> None:
    await page.send("Input.dispatchKeyEvent", type=kind, **SPACE)


async def test_space_and_button_talk_while_they_are_held(browser: Browser) -> None:
    async with ScriptedNode(demo()) as node:
        page = await opened(browser, node)
        on, off = {"on": True}, {"on": False}
        await key(page, "keyDown")
        await key(page, "keyDown")
        assert await wished(page, node, 1) == [on]
        await key(page, "keyUp")
        assert await wished(page, node, 2) == [on, off]
        box = await page.evaluate(
            "(({x, y}) => [x + 30, y + 20])(document.querySelector('#talk').getBoundingClientRect())"
        )
        mouse = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        await page.send("Input.dispatchMouseEvent", type="mousePressed", **mouse)
        assert await wished(page, node, 3) == [on, off, on]
        await page.send("Input.dispatchMouseEvent", type="mouseReleased", **mouse)
        assert await wished(page, node, 4) == [on, off, on, off]
        await page.evaluate("document.querySelector('#talk').focus()")
        await key(page, "keyDown")
        await key(page, "keyUp")
        assert await wished(page, node, 6) == [on, off] * 3
        await page.evaluate("document.querySelector('#camera').focus()")
        await key(page, "keyDown")
        await key(page, "keyUp")
        await page.evaluate("document.querySelector('#talk').click()")  # as a screen reader does
        assert await wished(page, node, 7) == [on, off, on, off, on, off, on]
        await page.evaluate("dispatchEvent(new Event('blur'))")
        assert await wished(page, node, 8) == [on, off] * 4


async def test_a_node_begun_anew_amid_a_word_leaves_no_key_held(browser: Browser) -> None:
    async with ScriptedNode(demo()) as node:
        page = await opened(browser, node)
        await key(page, "keyDown")
        assert await wished(page, node, 1) == [{"on": True}]
        node.say("you", {"you": you(None)})
        await page.until("document.querySelector('#talk').hidden")
        await key(page, "keyUp")
        node.say("you", {"you": you("free")})
        await page.until("!document.querySelector('#talk').hidden")
        before = len(await wished(page, node, 1))
        await key(page, "keyDown")
        assert (await wished(page, node, before + 1))[before] == {"on": True}


async def test_who_has_no_microphone_gives_the_floor_back_at_once(browser: Browser) -> None:
    async with ScriptedNode(demo()) as node:
        page = await opened(browser, node)
        await page.evaluate("navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('none here'))")
        node.say("you", {"you": you("free") | {"may_speak": True}})
        await page.until("pictophone.call.you.may_speak")
        await key(page, "keyDown")
        assert await wished(page, node, 2) == [{"on": True}, {"on": False}]


async def test_who_has_the_floor_is_shown(browser: Browser) -> None:
    async with ScriptedNode(demo()) as node:
        page = await opened(browser, node, PHONE)
        assert await page.text("#talk") == "Hold to talk"
        node.say("person", person_event("bob", floor=True))
        node.say("you", {"you": you("taken")})
        await page.until("document.querySelector('#talk').textContent === 'bob speaks'")
        assert await page.evaluate(FLOORS) == [False, True]
        assert "has the floor" in await page.evaluate("document.querySelectorAll('.tile .doing')[1].textContent")
        if folder := os.environ.get("SCREENSHOTS"):
            (Path(folder) / "talk-phone.png").write_bytes(await page.screenshot())
        node.say("person", person_event("bob"))
        node.say("you", {"you": you("yours")})
        await page.until("document.querySelector('#talk').getAttribute('aria-pressed') === 'true'")
        assert await page.text("#talk") == "Everybody hears you"
        assert await page.evaluate(FLOORS) == [False, False]
        outside = "document.querySelector('#hangup').getBoundingClientRect().right > innerWidth"
        assert not await page.evaluate(outside)


async def test_without_push_to_talk_there_is_no_button(browser: Browser) -> None:
    async with ScriptedNode(demo()) as node:
        page = await opened(browser, node)
        node.say("you", {"you": you(None)})
        await page.until("document.querySelector('#talk').hidden")
        await key(page, "keyDown")
        await key(page, "keyUp")
        assert [path for _, path, _ in node.asked if path == "/talk"] == []
