"""What the page says of single things, in a real browser: costs that nobody knows, pictures that nobody painted."""

from __future__ import annotations

from typing import Any

from chromium import Browser, Page
from PIL import Image
from scripted_node import ScriptedNode, demo, meters, person, picture

from node.web.invitation import Invitation

YOU = {"person": "me", "name": "me", "muted": False, "camera_on": True, "may_speak": False, "may_show": False}
YOU |= {"speaking": False, "showing": False, "me": None, "sight": None, "floor": None}
UNKNOWN_COST = {"bits": None, "bytes": None, "wire_bytes": None, "ratio": None}

# WebRTC that connects as soon as it is answered, sound that browsers keep silent, and WHEP that answers when asked to.
SILENT_SOUND = """
sessionStorage.setItem("pictophone joined", "on");
globalThis.RTCPeerConnection = class extends EventTarget {
  iceGatheringState = "complete";
  connectionState = "new";
  localDescription = {sdp: "v=0"};
  addTransceiver() {}
  async setLocalDescription() {}
  async setRemoteDescription() {
    const source = new AudioContext().createMediaStreamDestination();
    this.dispatchEvent(Object.assign(new Event("track"), {track: source.stream.getTracks()[0]}));
    await new Promise((done) => setTimeout(done, 100));
    this.connectionState = "connected";
    this.dispatchEvent(new Event("connectionstatechange"));
  }
  close() {}
};
HTMLMediaElement.prototype.play = async () => { throw new DOMException("no gesture", "NotAllowedError"); };
globalThis.ended = [];
globalThis.answers = [];
const real = globalThis.fetch;
let sessions = 0;
globalThis.fetch = async (url, wish) => {
  if (wish?.method === "DELETE") return ended.push(url);
  if (url !== "/whep") return real(url, wish);
  const headers = {Location: `/whep/${++sessions}`};
  await new Promise((done) => answers.push(done));
  return new Response("v=0", {status: 201, headers});
};
"""


async def opened(browser: Browser, node: ScriptedNode, script: str = "") -> Page:
    page = await browser.page()
    await page.send("Page.addScriptToEvaluateOnNewDocument", source=script)
    await page.open(node.url)
    await page.until("document.body.hasAttribute('data-ready')")
    await page.evaluate("pictophone.enter()")
    return page


async def asked_to_listen(browser: Browser, node: ScriptedNode) -> Page:
    """A page that asked the node for the sound, and waits for its answer."""
    page = await opened(browser, node, SILENT_SOUND)
    await page.click("#listen")
    await page.until("answers.length === 1")
    return page


def a_call(**changes: Any) -> dict[str, Any]:
    return demo() | {"kind": "call", "people": [person("ann")], "you": YOU, "texts": []} | changes


async def test_a_cost_that_is_not_known_is_no_nought(browser: Browser) -> None:
    async with ScriptedNode(demo()) as node:
        url = node.picture(Image.new("RGB", (256, 256), "#a06040"))
        node.state["people"] = [person("ann", [picture(1, "a cat", url, **UNKNOWN_COST)], meters=meters(0))]
        page = await opened(browser, node)
        await page.click("#show-details")
        await page.click(".painted")
        await page.until("document.querySelector('#viewer').open")
        assert "0" not in (await page.text("#viewer .facts")).replace("sent", "", 1).partition(" · ")[2]
        figures = await page.evaluate("[...document.querySelectorAll('.figures dd')].map((each) => each.textContent)")
        assert figures[:4] == ["–"] * 4


async def test_a_picture_that_nobody_painted_is_not_said_to_be_of_ones_own_camera(browser: Browser) -> None:
    async with ScriptedNode(demo()) as node:
        url = node.picture(Image.new("RGB", (256, 256), "#a06040"))
        node.state["people"] = [person("ann", [picture(1, "a cat", None, None)], screen=None)]
        page = await opened(browser, node)
        await page.click(".painted")
        await page.until("document.querySelector('#viewer').open")
        assert await page.text("#viewer figcaption") == "Not painted here"
        node.say("picture", {"person": "ann", "picture": picture(1, "a cat", None, url)})
        await page.until("document.querySelector('#viewer figcaption').innerText === 'What the camera saw'")
        await page.until(f"document.querySelector('#viewer img')?.getAttribute('src') === '{url}'")


async def test_sound_that_the_browser_keeps_silent_is_not_said_to_be_on(browser: Browser) -> None:
    async with ScriptedNode(a_call()) as node:
        page = await asked_to_listen(browser, node)
        await page.evaluate("answers[0]()")
        await page.until("pictophone.listening.state === 'up'")
        assert await page.evaluate("document.querySelector('#listen').dataset.state") == "blocked"
        assert "Touch the page" in await page.text("#trouble")
        await page.evaluate("void (HTMLMediaElement.prototype.play = async () => {})")
        await page.click("#state")
        await page.until("document.querySelector('#listen').dataset.state === 'on'")


async def test_a_session_that_is_answered_too_late_is_ended(browser: Browser) -> None:
    async with ScriptedNode(a_call()) as node:
        page = await asked_to_listen(browser, node)
        await page.click("#listen")
        await page.click("#listen")
        await page.until("answers.length === 2")
        await page.evaluate("answers[1]()")
        await page.until("pictophone.listening.state === 'up'")
        await page.evaluate("answers[0]()")
        await page.until("ended.length === 1")
        assert await page.evaluate("ended") == ["/whep/1"]
        await page.click("#listen")
        await page.until("ended.length === 2")
        assert await page.evaluate("ended") == ["/whep/1", "/whep/2"]


async def test_what_is_new_about_a_line_is_not_undone_by_the_answer_to_it(browser: Browser) -> None:
    line = {"id": "me-1", "from": "me", "name": "me", "mine": True, "at": 1764000120.0, "text": "hello"}
    waiting, delivered = {"have": [], "waiting": ["ann"]}, {"have": ["ann"], "waiting": []}
    hold = """const real = fetch;
    globalThis.fetch = async (url, wish) => {
      const answer = await real(url, wish);
      if (url === "/text") await new Promise((done) => (globalThis.answer = done));
      return answer;
    };"""
    async with ScriptedNode(a_call()) as node:
        node.texts.append(line | waiting)
        page = await opened(browser, node, hold)
        await page.click("#show-chat")
        await page.evaluate("document.querySelector('#chat-line').value = 'hello'")
        await page.press("Enter")
        await page.until("globalThis.answer")
        node.say("text", line | delivered)
        await page.until("document.querySelector('.delivered')?.textContent === '✓ ann'")
        await page.evaluate("answer()")
        await page.evaluate("new Promise((done) => setTimeout(done, 200))")
        assert await page.text(".delivered") == "✓ ann"


async def test_a_position_that_is_dragged_back_to_where_it_was_goes_on(browser: Browser) -> None:
    replay = {"position": 20.0, "duration": 61.0, "speed": 1, "playing": True}
    async with ScriptedNode(demo() | {"kind": "replay", "replay": replay}) as node:
        page = await opened(browser, node)
        at = "(({x, y, width, height}) => [x + width * 20 / 61, y + height / 2, width])"
        x, y, width = await page.evaluate(f"{at}(document.querySelector('#replay input').getBoundingClientRect())")
        mouse = {"y": y, "button": "left", "clickCount": 1}
        await page.send("Input.dispatchMouseEvent", type="mousePressed", x=x, **mouse)
        before = await page.evaluate("document.querySelector('#replay input').value")
        await page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x + width / 4, y=y, button="left", buttons=1)
        while await page.evaluate("document.querySelector('#replay input').value") != before:
            await page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
            x += width / 1000
        await page.send("Input.dispatchMouseEvent", type="mouseReleased", x=x - width / 1000, **mouse)
        node.say("replay", {"replay": replay | {"position": 30.0}})
        await page.until("document.querySelector('#replay input').value === '30'")


async def test_every_script_is_fetched_at_once(browser: Browser) -> None:
    async with ScriptedNode(demo()) as node:
        page = await opened(browser, node)
        loaded = await page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
        named = await page.evaluate(
            "[...document.querySelectorAll('link[rel=modulepreload]')].map((each) => each.href)"
        )
        scripts = {each for each in loaded if each.endswith(".js")}
        assert scripts - set(named) == {f"{node.url}static/app.js"}


async def test_the_codes_of_an_invitation_are_drawn_as_the_node_sends_them(browser: Browser) -> None:
    link, page_link = (
        "pictophone:" + "-".join(["7KQ2M"] * 6) + "@broker.example.org",
        "https://192.168.1.5:8765/?token=x",
    )
    async with ScriptedNode(a_call(people=[], invitation=Invitation(link, page_link, "3A:F0").to_json())) as node:
        page = await opened(browser, node)
        boxes = await page.evaluate(
            "[...document.querySelectorAll('#alone svg[role=img]')].map((drawn) => {"
            " const {x, y, width, height} = drawn.firstElementChild.getBBox();"
            " const view = drawn.viewBox.baseVal;"
            " return [x - view.x, y - view.y, view.width - width, view.height - height]; })"
        )
        assert boxes == [[4, 4, 8, 8]] * 2
        assert page.errors == []
