"""One's own part in the call, in a browser: nothing is heard or seen of who did not join, left or is muted."""

from __future__ import annotations

import json
from typing import Any

from chromium import Browser, Page
from scripted_node import ScriptedNode, demo, person

YOU = {"person": "me", "name": "me", "muted": False, "camera_on": True, "may_speak": True, "may_show": True}
SPACE = {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32}

# Devices that are given once `allowed` is called; `given` are their tracks.
SLOW_DEVICES = """
globalThis.given = [];
globalThis.asked = 0;
const allowed = new Promise((done) => (globalThis.allow = done));
const give = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  globalThis.asked++;
  await allowed;
  const stream = await give(wanted);
  globalThis.given.push(...stream.getTracks());
  return stream;
};
"""
JOINED = "sessionStorage.setItem('pictophone joined', 'on');"
LIVE = "given.filter((track) => track.readyState === 'live').length"


def you(**changes: Any) -> dict[str, Any]:
    return YOU | {"speaking": False, "showing": False, "me": None, "sight": None, "floor": None} | changes


def a_call(**changes: Any) -> dict[str, Any]:
    people = [person("ann"), person("me", you=True)]
    return demo() | {"kind": "call", "people": people, "texts": [], "you": you()} | changes


async def opened(browser: Browser, node: ScriptedNode, joined: bool = True) -> Page:
    page = await browser.page()
    await page.send("Page.addScriptToEvaluateOnNewDocument", source=SLOW_DEVICES + JOINED * joined)
    await page.open(node.url)
    await page.until("document.body.hasAttribute('data-ready')")
    return page


async def settled(page: Page) -> None:
    """What a page does of itself soon is done."""
    await page.evaluate("new Promise((done) => setTimeout(done, 300))")


def paths(node: ScriptedNode) -> list[str]:
    return [path for _, path, _ in node.asked]


async def test_no_key_of_the_call_works_before_it_and_after_it(browser: Browser) -> None:
    async with ScriptedNode(a_call(you=you(floor="free"))) as node:
        page = await opened(browser, node, joined=False)
        await page.until("!document.querySelector('#lobby').hidden")
        await page.evaluate("allow()")
        await page.until("given.length === 2")  # by the lobby itself
        for letter in ("m", "v", "c", "Space"):
            await page.press(letter)
        await settled(page)
        assert paths(node) == []
        assert await page.evaluate("asked") == 2
        assert await page.evaluate("document.querySelector('#chat').hidden")
        await page.evaluate("pictophone.enter()")
        await page.click("#hangup")
        await page.until("document.body.dataset.at === 'left'")
        node.asked.clear()
        await page.evaluate("document.activeElement.blur()")
        for letter in ("m", "v", "c", "Space"):
            await page.press(letter)
        await settled(page)
        assert paths(node) == []
        assert await page.evaluate("asked") == 2


async def test_a_device_that_is_allowed_after_the_call_was_left_is_not_taken(browser: Browser) -> None:
    async with ScriptedNode(a_call()) as node:
        page = await opened(browser, node)
        for name in ("microphone", "camera"):
            await page.click(f"#{name}")
        await page.until("asked === 2")
        await page.click("#hangup")
        await page.until("document.body.dataset.at === 'left'")
        node.asked.clear()
        await page.evaluate("allow()")
        await page.until("given.length === 2")
        await settled(page)
        assert await page.evaluate(LIVE) == 0
        assert [path for path in paths(node) if path in ("/whip", "/snapshots")] == []


async def test_a_button_pressed_twice_while_the_browser_asks_takes_one_device(browser: Browser) -> None:
    async with ScriptedNode(a_call()) as node:
        page = await opened(browser, node)
        for name in ("microphone", "camera"):
            await page.click(f"#{name}")
            await page.click(f"#{name}")
        await page.evaluate("allow()")
        await page.until("given.length >= 2")
        await settled(page)
        assert await page.evaluate(LIVE) == 2


async def test_the_call_can_be_joined_again_when_it_was_left_without_a_node(browser: Browser) -> None:
    async with ScriptedNode(a_call()) as node:
        page = await opened(browser, node)
        await node.stop()
        await page.until("document.body.hasAttribute('data-away')")
        await page.click("#hangup")
        await page.until("document.body.dataset.at === 'left'")
        await node.start()
        await page.click("#join")
        await page.until("document.body.dataset.at === 'call'")


async def test_a_call_is_left_though_the_node_answers_nothing(browser: Browser) -> None:
    async with ScriptedNode(a_call()) as node:
        page = await opened(browser, node)
        await page.evaluate("allow()")
        await page.click("#camera")
        await node.posted("/snapshots")
        await page.evaluate("void (globalThis.fetch = () => new Promise(() => {}))")
        await page.click("#hangup")
        await page.until("document.body.dataset.at === 'left'")
        assert await page.evaluate(LIVE) == 0


async def test_space_is_let_go_whatever_is_held_beside_it(browser: Browser) -> None:
    async with ScriptedNode(a_call(you=you(floor="free", may_speak=False))) as node:
        page = await opened(browser, node)
        await page.until("!document.querySelector('#talk').hidden")
        await page.send("Input.dispatchKeyEvent", type="keyDown", text=" ", **SPACE)
        await node.posted("/talk")
        control = 2
        await page.send("Input.dispatchKeyEvent", type="keyUp", modifiers=control, **SPACE)
        assert [json.loads(body)["on"] for body in await node.posted("/talk", 2)] == [True, False]


async def test_who_was_muted_stays_so_when_the_node_is_started_anew(browser: Browser) -> None:
    async with ScriptedNode(a_call(you=you(muted=True))) as node:
        page = await opened(browser, node)
        await page.evaluate("allow()")
        await page.click("#microphone")  # unmutes as well: mute again, as the node says
        await page.until("given.length === 1")
        node.say("you", {"you": you(muted=True)})
        await page.until("given[0].enabled === false")
        node.asked.clear()
        await node.stop()
        node.state |= {"run": "r2", "you": you(muted=False)}
        await node.start()
        await page.until("pictophone.call.run === 'r2'")
        [body] = await node.posted("/mute")
        assert json.loads(body) == {"muted": True}
        await settled(page)
        assert not await page.evaluate("given.some((track) => track.enabled)")
        node.say("you", {"you": you(muted=True)})
        await page.until("document.querySelector('#microphone').dataset.state === 'muted'")
        await page.click("#microphone")
        node.say("you", {"you": you(muted=False)})
        await page.until("given[0].enabled")


async def test_a_camera_that_another_page_switched_off_is_off_here_too(browser: Browser) -> None:
    async with ScriptedNode(a_call(you=you(camera_on=False))) as node:
        page = await opened(browser, node)
        await page.evaluate("allow()")
        await page.click("#camera")
        await node.posted("/snapshots")
        assert await page.evaluate(LIVE) == 1  # although the node has not said yet that it is on
        node.say("you", {"you": you(camera_on=True)})
        node.say("you", {"you": you(camera_on=False)})
        await page.until("document.querySelector('#camera').getAttribute('aria-pressed') === 'false'")
        assert await page.evaluate(LIVE) == 0
        assert "another page" in await page.text("#trouble")


async def test_a_snapshot_that_is_never_answered_is_given_up(browser: Browser) -> None:
    unanswered = """
      const timeout = AbortSignal.timeout.bind(AbortSignal), real = fetch;
      AbortSignal.timeout = () => timeout(100);
      let snapshots = 0;
      globalThis.fetch = (url, wish) => url !== "/snapshots" || snapshots++ ? real(url, wish)
        : new Promise((_, failed) => wish.signal?.addEventListener("abort", () => failed(wish.signal.reason)));
    """
    async with ScriptedNode(a_call()) as node:
        page = await opened(browser, node)
        await page.evaluate(f"(() => {{ {unanswered} }})()")
        await page.evaluate("allow()")
        await page.click("#camera")
        await node.posted("/snapshots")


async def test_who_mutes_is_silent_at_once_and_until_the_node_says_so(browser: Browser) -> None:
    held = "const real = fetch; globalThis.fetch = async (url, wish) => {"
    held += " if (url === '/mute') await new Promise((done) => (globalThis.answer = done)); return real(url, wish); }"
    async with ScriptedNode(a_call()) as node:
        page = await opened(browser, node)
        await page.evaluate("allow()")
        await page.click("#microphone")
        await page.until("given.length === 1 && given[0].enabled")
        await page.evaluate(f"(() => {{ {held} }})()")
        await page.click("#microphone")
        await page.until("globalThis.answer")
        assert await page.evaluate("given[0].enabled") is False
        await page.evaluate("answer()")
        await node.posted("/mute")
        node.say("you", {"you": you(speaking=True)})
        await page.until("pictophone.call.you.speaking")
        assert await page.evaluate("given[0].enabled") is False
