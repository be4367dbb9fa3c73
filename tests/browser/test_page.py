"""The page in a real browser, on a scripted node."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from chromium import DESKTOP, PHONE, Browser, Page, Screen
from scripted_node import NOW, STATIC, ScriptedNode, meters, person, person_event, picture

from node.web.invitation import Invitation

MAX_WEIGHT = 100_000
HOSTILE = '<img src=x onerror="window.injected = 1"><script>window.injected = 2</script>'
WORDS_OF_A = (
    "a woman waves",
    "a man with a red hat drinks tea in a kitchen full of plants at night",
    "a cat",
    "a dog asleep",
)
READY = (
    "document.body.hasAttribute('data-ready') && "
    "document.querySelectorAll('.painted img').length === pictophone.call.others.length"
)
BOXES = """
[...document.querySelectorAll('header, button, .tile, .box, .card > *, .frame, .meter, h1, .lead')]
  .filter((each) => each.offsetParent && !each.closest('.strip li, dialog, .tile > header'))
  .map((each) => [each.className || each.tagName, ...Object.values(each.getBoundingClientRect().toJSON())].join(' '))
"""
YOU = {
    "person": "a",
    "name": "a",
    "muted": False,
    "camera_on": True,
    "may_speak": True,
    "may_show": True,
    "speaking": False,
    "showing": False,
    "me": "",
    "sight": None,
}
ME = "a woman with long black hair"
TEXT = {"id": "1", "from": "b", "name": "b", "mine": False, "at": NOW, "text": "hello", "have": [], "waiting": []}
INVITATION = Invitation("pictophone:abc", "https://192.168.1.2:8765/?token=abc").to_json()


async def opened(browser: Browser, node: ScriptedNode, screen: Screen = DESKTOP, **prefers: bool) -> Page:
    page = await browser.page(screen, **prefers)
    await page.open(node.url)
    await page.until(READY)
    await page.evaluate("pictophone.enter()")
    return page


async def with_details(page: Page) -> Page:
    await page.click("#show-details")
    await page.until("document.querySelectorAll('.card').length === pictophone.call.people.size")
    return page


def served(file: Path) -> int:
    """The bytes that a file of the page takes as the node serves it: packed, but for what is packed already."""
    content = file.read_bytes()
    return len(content) if file.suffix == ".woff2" else len(zlib.compress(content))


async def focused(page: Page) -> str:
    """What has the focus: its label, or what it says."""
    label = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
    return str(await page.evaluate(label))


def in_a_call(node: ScriptedNode) -> None:
    node.state |= {"kind": "call", "you": YOU}
    node.state["people"][0] |= {"you": True}


# -- what it shows


async def test_it_shows_what_the_node_tells(browser: Browser, node: ScriptedNode) -> None:
    page = await with_details(await opened(browser, node))
    assert await page.text("#state") == "Demo: a and b"
    assert await page.text("[data-person=a] .words") == "a dog asleep"
    assert await page.text("[data-person=a] .cost") == "21 bits of words, 144 bytes on the wire"
    assert await page.text("[data-card=a] .ratio") == "74,898 : 1"
    assert await page.evaluate("document.querySelectorAll('[data-card=a] .strip li').length") == 4
    assert await page.evaluate("document.querySelectorAll('[data-person=b] .seen img').length") == 1
    assert await page.evaluate("document.querySelectorAll('.meter').length") == 16
    assert page.errors == []


async def test_words_bits_and_picture_change_together(browser: Browser, node: ScriptedNode) -> None:
    page = await with_details(await opened(browser, node))
    before = await page.evaluate("document.querySelector('[data-person=a] .painted img').src")
    node.say(
        "person", person_event("a", painting={"sequence": 4, "words": "a bird", "since": NOW}, screen="/pictures/p3")
    )
    await page.until("document.querySelector('[data-person=a] .doing').textContent === 'painting…'")
    assert await page.text("[data-person=a] .words") == "a dog asleep"  # as long as its picture is there
    assert await page.evaluate("document.querySelector('[data-person=a] .painted img').src") == before
    assert await page.evaluate("getComputedStyle(document.querySelector('[data-person=a] .progress')).opacity") == "0.9"
    node.say("person", person_event("a"))
    node.say("picture", {"person": "a", "picture": picture(4, "a bird", "/pictures/p0", "/pictures/p1", bits=17)})
    node.say("screen", {"person": "a", "url": "/pictures/p0"})
    await page.until("document.querySelector('[data-person=a] .painted img:last-child').src.endsWith('/p0')")
    assert await page.text("[data-person=a] .words") == "a bird"
    assert (await page.text("[data-person=a] .cost")).startswith("17 bits of words")
    assert await page.evaluate("document.querySelectorAll('[data-card=a] .strip li').length") == 5
    await page.until("document.querySelectorAll('[data-person=a] .painted img').length === 1")
    node.say("meters", {"at": NOW, "people": {"a": meters(1) | {"speech_kbps": 7.25, "loss": 0.125}}})
    await page.until("document.querySelector('[data-card=a] .meter b').textContent === '7.3'")
    assert "12.5" in await page.text("[data-card=a] .meters")
    node.say("gone", {"person": "b"})
    await page.until("document.querySelectorAll('.tile').length === 1")
    assert page.errors == []


async def test_words_are_large_until_the_first_picture_is_there(browser: Browser, node: ScriptedNode) -> None:
    painting = {"sequence": 1, "words": "a bird", "since": NOW}
    node.state |= {"models": 0.4, "people": [person("a", painting=painting)]}
    page = await browser.page()
    await page.open(node.url)
    await page.until("document.querySelector('.loading')?.textContent === 'models: 40 %'")
    assert await page.text(".words") == "a bird"
    assert await page.evaluate("document.querySelector('.tile').hasAttribute('data-bare')") is True
    node.say("meters", {"at": NOW, "people": {}, "models": 0.6})
    await page.until("document.querySelector('.loading').textContent === 'models: 60 %'")
    node.say("meters", {"at": NOW, "people": {}})
    await page.until("document.querySelector('.loading').textContent === ''")
    assert page.errors == []


async def test_markup_in_words_names_and_notes_stays_text(browser: Browser, node: ScriptedNode) -> None:
    hostile = picture(9, HOSTILE, "/pictures/p0", "/pictures/p1")
    node.state["people"] = [person("a", [hostile], name=HOSTILE), person("b")]
    node.state["notes"] = [{"at": NOW, "text": HOSTILE, "problem": True}]
    page = await browser.page()
    await page.open(node.url)
    await page.until("document.querySelectorAll('.painted img').length")
    node.say("note", {"at": NOW, "text": HOSTILE, "problem": True})
    node.say("picture", {"person": "a", "picture": hostile})
    await page.until("document.querySelectorAll('#notes li').length === 2 && document.querySelector('#spoken p')")
    await page.click("[data-person=a] .painted")
    await page.until("document.querySelector('#trouble').textContent !== ''")
    for place in ("[data-person=a] .words", "[data-person=a] h2", "#viewer .words", "#notes li span", "#trouble"):
        assert await page.evaluate(f"document.querySelector('{place}').textContent") == HOSTILE, place
    assert HOSTILE in await page.evaluate("document.querySelector('#spoken').textContent")
    assert await page.evaluate("window.injected") is None
    assert await page.evaluate("document.querySelectorAll('[onerror], body script, [src=x]').length") == 0
    assert page.errors == []


async def test_nothing_that_has_its_place_moves(browser: Browser, node: ScriptedNode) -> None:
    page = await with_details(await opened(browser, node))
    node.say("meters", {"at": NOW, "people": {"a": meters(1), "b": meters(1)}})
    await page.until("!document.querySelector('#lead').hidden")
    before = await page.evaluate(BOXES)
    await page.click("#listen")
    await page.until("document.querySelector('#listen').dataset.state === 'reconnecting'")
    node.say("picture", {"person": "a", "picture": picture(4, "a bird", "/pictures/p2", "/pictures/p3")})
    long = " ".join(["a man in a hat"] * 12)
    node.say("picture", {"person": "b", "picture": picture(4, long, "/pictures/p1", "/pictures/p0", bits=1234567)})
    node.say("meters", {"at": NOW, "people": {"a": meters(1), "b": meters(1) | {"ratio_raw": 12345678}}})
    node.say("note", {"at": NOW, "text": "the camera is gone", "problem": True})
    node.say("screen", {"person": "a", "url": "/pictures/p2"})
    node.say("person", person_event("b", link="again", screen="/pictures/p1"))
    await page.until("document.querySelector('[data-person=b] .doing').textContent.includes('again')")
    await page.until("document.querySelector('[data-person=a] .painted img:last-child').src.endsWith('/p2')")
    assert await page.evaluate(BOXES) == before


async def test_light_and_dark_are_what_the_person_prefers(browser: Browser, node: ScriptedNode) -> None:
    paper = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert await (await opened(browser, node)).evaluate(paper) > 200
    assert await (await opened(browser, node, dark=True)).evaluate(paper) < 50


async def test_it_asks_for_nothing_elsewhere_and_is_light(browser: Browser, node: ScriptedNode) -> None:
    page = await opened(browser, node)
    assert {f"{node.url}static/{file.name}" for file in STATIC.glob("*.js")} <= set(page.requests)
    assert all(url.startswith(node.url) for url in page.requests)
    assert sum(served(file) for file in STATIC.iterdir()) <= MAX_WEIGHT


async def test_a_picture_that_comes_after_its_words_takes_its_place(browser: Browser, node: ScriptedNode) -> None:
    in_a_call(node)
    page = await with_details(await opened(browser, node))
    node.say("picture", {"person": "a", "picture": picture(4, "a bird", None, None)})
    node.say("picture", {"person": "a", "picture": picture(5, "a fish", None, "/pictures/p1")})
    node.say("picture", {"person": "a", "picture": picture(4, "a bird", None, "/pictures/p0")})
    await page.until("document.querySelector('[data-card=a] .strip li:nth-child(5) img')")
    labels = "[...document.querySelectorAll('[data-card=a] .strip button')].map((each) => each.ariaLabel.slice(10))"
    assert await page.evaluate(labels) == [*WORDS_OF_A, "a bird", "a fish"]
    assert page.errors == []


# -- without a mouse or a screen


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(browser: Browser, node: ScriptedNode, axe: str, screen: Screen, dark: bool) -> None:
    in_a_call(node)
    node.state["replay"] = {"position": 3.0, "duration": 61.0, "speed": 1, "playing": False}
    node.state["notes"] = [{"at": NOW, "text": "the broker is gone", "problem": True}]
    node.state |= {"broker": "down", "texts": [TEXT, TEXT | {"id": "2", "mine": True, "waiting": ["b"]}]}
    node.state["invitation"] = INVITATION
    page = await browser.page(screen, dark=dark, still=True)
    await page.open(node.url)
    await page.until("!document.querySelector('#lobby').hidden && !document.querySelector('#choose-camera').hidden")
    await page.evaluate(axe + ";0")
    found: list[dict[str, Any]] = await page.evaluate("axe.run().then((said) => said.violations)")
    await page.evaluate("pictophone.enter()")
    await page.until(READY)
    found += await page.evaluate("axe.run().then((said) => said.violations)")
    for drawer in ("chat", "details"):
        await page.click(f"#show-{drawer}")
        found += await page.evaluate("axe.run().then((said) => said.violations)")
        await page.press("Escape")
    await page.click("#show-invite")
    found += await page.evaluate("axe.run().then((said) => said.violations)")
    await page.press("Escape")
    await page.click("[data-person=b] .painted")
    found += await page.evaluate("axe.run('#viewer').then((said) => said.violations)")
    await page.press("Escape")
    node.read = [f"you are drawn as: {ME}"]
    node.say("you", {"you": YOU | {"sight": "nobody"}})
    await page.until("document.querySelector('#me').open")
    await page.click("#show-details")
    await page.evaluate("document.querySelector('#me form').requestSubmit()")
    await page.until("document.querySelector('#me-read p')")
    found += await page.evaluate("axe.run('#details').then((said) => said.violations)")
    assert [(each["id"], each["impact"], [node["html"][:200] for node in each["nodes"]]) for each in found] == []


async def test_new_words_are_read_aloud_but_not_all_of_them(browser: Browser, node: ScriptedNode) -> None:
    page = await opened(browser, node)
    node.say("picture", {"person": "a", "picture": picture(4, "a bird", "/pictures/p0")})
    await page.until("document.querySelector('#spoken').innerText.includes('a: a bird')")
    for number, words in enumerate(("a bird sings", "a bird eats", "a bird sleeps"), start=5):
        node.say("picture", {"person": "a", "picture": picture(number, words, "/pictures/p0")})
    await page.until("document.querySelector('[data-person=a] .words').textContent === 'a bird sleeps'")
    assert await page.evaluate("[...document.querySelectorAll('#spoken p')].map((each) => each.textContent)") == [
        "a: a bird"
    ]


async def test_it_can_be_used_by_keyboard(browser: Browser, node: ScriptedNode) -> None:
    page = await opened(browser, node)
    await page.press("Tab")
    assert await focused(page) == "Skip to the call"
    await tab_to(page, "Open a's picture")
    await page.press("Tab")
    assert await focused(page) == "Open b's picture"
    await tab_to(page, "Sound")
    await tab_to(page, "Details")
    await page.press("Enter")
    await tab_to(page, WORDS_OF_A[-1])  # the strip is one stop: its newest picture
    await page.press("ArrowLeft")
    assert (await focused(page)).endswith(WORDS_OF_A[-2])
    await page.press("Enter")
    assert await page.text("#viewer .words") == WORDS_OF_A[-2]
    await page.press("ArrowLeft")
    assert await page.text("#viewer .words") == WORDS_OF_A[-3]
    assert await page.text("#viewer .place") == "2 of 4"
    await page.press("Escape")
    await page.until(f"document.activeElement.getAttribute('aria-label').endsWith('{WORDS_OF_A[-3]}')")
    assert await page.evaluate("document.querySelector('#viewer').open") is False
    await page.press("Escape")
    assert await page.evaluate("document.querySelector('#details').hidden") is True
    assert await focused(page) == "Details"


async def tab_to(page: Page, label: str) -> None:
    """Presses Tab until what has this label, or ends with it, has the focus."""
    for _ in range(30):
        await page.press("Tab")
        if (await focused(page)).endswith(label):
            return
    raise AssertionError(f"no Tab leads to {label}")


# -- a line that breaks


async def test_a_node_that_is_away_shows_in_words_and_comes_back(browser: Browser, node: ScriptedNode) -> None:
    page = await opened(browser, node)
    await node.stop()
    await page.until("document.querySelector('#trouble').textContent === 'The node is away; trying again…'")
    assert await page.text("#state") == "Not connected"
    assert await page.text("[data-person=a] .words") == "a dog asleep"  # what was seen is still to be seen
    node.state |= {"run": "r2", "people": [person("c")]}
    await node.start()
    await page.until("document.querySelector('#state').textContent === 'Demo: c'")
    assert await page.evaluate("document.querySelectorAll('.tile').length") == 1


async def test_why_the_node_refuses_is_shown(browser: Browser, node: ScriptedNode) -> None:
    node.refuse = (401, "open the link that the node printed: it has the token")
    page = await browser.page()
    await page.open(node.url)
    await page.until(
        "document.querySelector('#trouble').textContent === 'open the link that the node printed: it has the token'"
    )
    node.refuse = None
    await page.until(READY)


async def test_a_frozen_tab_goes_on(browser: Browser, node: ScriptedNode) -> None:
    page = await opened(browser, node)
    await page.freeze()
    node.state["notes"] = [{"at": NOW, "text": "meanwhile"}]
    await page.freeze(False)
    await page.until("document.querySelector('#notes').textContent.includes('meanwhile')")


async def test_a_tab_in_the_background_shows_the_newest_picture_when_it_is_looked_at(
    browser: Browser, node: ScriptedNode
) -> None:
    page = await opened(browser, node)
    other = await browser.page()
    await page.until("document.hidden")
    for url in ("/pictures/p0", "/pictures/p1", "/pictures/p2"):
        node.say("screen", {"person": "a", "url": url})
    await page.until("pictophone.call.people.get('a').screen === '/pictures/p2'")
    await other.close()
    await page.to_front()
    await page.until("document.querySelector('[data-person=a] .painted img:last-child').src.endsWith('/p2')")


# -- taking part


async def test_the_camera_s_picture_is_sent_small_and_only_when_it_changed(
    browser: Browser, node: ScriptedNode
) -> None:
    in_a_call(node)
    page = await opened(browser, node)
    await page.click("#camera")
    await page.until("document.querySelector('#camera').getAttribute('aria-pressed') === 'true'")
    (body, *_) = await node.posted("/snapshots")
    assert body.startswith(b"\xff\xd8")
    assert len(body) < 64_000
    await page.click("#camera")
    await page.until("document.querySelector('#camera').getAttribute('aria-pressed') === 'false'")
    assert [json.loads(each) for each in await node.posted("/camera", 2)] == [{"on": True}, {"on": False}]


async def test_one_s_own_camera_is_in_the_corner_and_on_a_tap_what_the_others_see(
    browser: Browser, node: ScriptedNode
) -> None:
    in_a_call(node)
    own = [picture(1, "a cat", None, "/pictures/p0"), picture(2, "a bird", None, "/pictures/p1")]
    node.state["people"][0] |= {"pictures": own, "screen": None}
    page = await opened(browser, node)
    shown = "document.querySelector('#own img:last-of-type')?.getAttribute('src')"
    await page.until(f"{shown} === '/pictures/p1'")
    assert await page.text("#own-said") == "You"
    assert await page.evaluate("[...document.querySelectorAll('.tile')].map((each) => each.dataset.person)") == ["b"]

    await page.click("#own")
    await page.until("document.querySelector('#own-said').textContent === 'What the others see'")
    assert await page.text("#own-words") == "a bird"  # words alone: nothing was painted
    node.say("picture", {"person": "a", "picture": own[0] | {"url": "/pictures/p2"}})
    await page.until(f"{shown} === '/pictures/p2'")
    assert await page.evaluate("document.querySelector('#own').hasAttribute('data-behind')") is True
    node.say("picture", {"person": "a", "picture": own[1] | {"url": "/pictures/p3"}})
    await page.until(f"{shown} === '/pictures/p3'")
    assert await page.evaluate("document.querySelector('#own').hasAttribute('data-behind')") is False
    await page.click("#own")
    await page.until(f"{shown} === '/pictures/p1'")

    node.say("you", {"you": YOU | {"sight": "nobody"}})
    await page.until("document.querySelector('#own-said').textContent === 'You: nobody is seen'")
    node.say("picture", {"person": "a", "picture": picture(3, "a dog", None, None)})
    await page.until("document.querySelector('#spoken').textContent.includes('You: a dog')")
    node.say("picture", {"person": "a", "picture": picture(3, "a dog", None, "/pictures/p2")})
    await page.until(f"{shown} === '/pictures/p2'")
    spoken = await page.evaluate("[...document.querySelectorAll('#spoken p')].map((each) => each.textContent)")
    assert spoken.count("You: a dog") == 1
    assert page.errors == []


@pytest.mark.parametrize("screen", [DESKTOP, Screen(320, 568, mobile=True)], ids=["desktop", "small"])
async def test_who_one_is_is_asked_once_before_a_real_camera(
    browser: Browser, node: ScriptedNode, screen: Screen
) -> None:
    in_a_call(node)
    page = await opened(browser, node, screen)
    is_open = "document.querySelector('#me').open"
    assert await page.evaluate(f"[document.querySelector('#me').hidden, {is_open}]") == [False, False]
    node.say("you", {"you": YOU | {"sight": "photo"}})
    await page.until(is_open)
    await page.click("#banner-act")
    assert (await page.text("#me-why")).startswith("This is a real camera. ")
    assert "gender, age or skin" in await page.text("#me-why")
    assert await page.evaluate("document.documentElement.scrollWidth") <= screen.width
    await page.click("#me-later")
    await page.until(f"!{is_open} && localStorage.length === 1")
    node.state["you"] = YOU | {"sight": "photo"}
    await page.reload()
    await page.until(READY)
    assert await page.evaluate(is_open) is False
    assert await page.evaluate("document.querySelector('#me-said').textContent") == "Say who you are"
    assert node.asked == []
    assert page.errors == []


async def test_who_one_is_is_said_in_a_line_and_how_it_is_read_comes_back(browser: Browser, node: ScriptedNode) -> None:
    in_a_call(node)
    node.state["you"] = YOU | {"sight": "photo"}
    node.read = [f"you are drawn as: {ME}", HOSTILE]
    page = await with_details(await opened(browser, node))
    await page.evaluate(f"document.querySelector('#me-text').value = '{ME}'")
    await page.evaluate("document.querySelector('#me-text').focus()")
    await page.press("Enter")
    assert json.loads((await node.posted("/me"))[0]) == {"me": ME}
    await page.until("document.querySelectorAll('#me-read p').length === 2")
    assert await page.evaluate("document.querySelector('#me-read p:last-child').textContent") == HOSTILE
    node.say("you", {"you": YOU | {"sight": "photo", "me": ME}})
    await page.until(f"document.querySelector('#me-said').textContent === 'You are drawn as: {ME}'")
    assert await page.evaluate("document.querySelector('#me-later').hidden") is True
    node.say("you", {"you": YOU | {"me": None}})
    await page.until("document.querySelector('#me').hidden")
    assert page.errors == []


async def test_the_microphone_s_offer_is_sent_and_a_refusal_is_shown(browser: Browser, node: ScriptedNode) -> None:
    in_a_call(node)
    page = await opened(browser, node)
    await page.click("#microphone")
    (offer, *_) = await node.posted("/whip")
    assert offer.count(b"m=audio") == 1
    assert b"a=sendonly" in offer
    await page.until("document.querySelector('#trouble').textContent === 'nobody plays sound in a test'")
    await page.until("document.querySelector('#microphone').dataset.state === 'reconnecting'")


async def test_who_was_muted_stays_muted_after_a_reload(browser: Browser, node: ScriptedNode) -> None:
    in_a_call(node)
    page = await opened(browser, node)
    await page.click("#microphone")
    await node.posted("/whip")
    node.state["you"] = YOU | {"muted": True}
    node.asked.clear()
    await page.reload()
    await node.posted("/whip")
    assert await page.evaluate("document.querySelector('#microphone').dataset.state") == "muted"
    assert "/mute" not in [path for _, path, _ in node.asked]


async def test_listening_offers_a_line_for_each_person(browser: Browser, node: ScriptedNode) -> None:
    page = await opened(browser, node)
    await page.click("#listen")
    (offer, *_) = await node.posted("/whep")
    assert offer.count(b"m=audio") == 2
    assert offer.count(b"a=recvonly") == 2


async def test_a_node_s_own_microphone_is_muted_from_the_page(browser: Browser, node: ScriptedNode) -> None:
    in_a_call(node)
    node.state["you"] = YOU | {"may_speak": False, "may_show": False}
    page = await opened(browser, node)
    assert await page.evaluate("document.querySelector('#microphone').getAttribute('aria-pressed')") == "true"
    await page.click("#microphone")
    assert await node.posted("/mute") == [b'{"muted":true}']
    node.say("you", {"you": node.state["you"] | {"muted": True}})
    await page.until("document.querySelector('#microphone').dataset.state === 'muted'")


async def test_who_only_listens_has_no_part_to_switch_and_no_corner(browser: Browser, node: ScriptedNode) -> None:
    node.state |= {"kind": "receive", "you": YOU | {"person": "x", "may_speak": False, "may_show": False}}
    page = await opened(browser, node)
    parts = "['microphone', 'camera', 'listen', 'own'].map((id) => document.getElementById(id).hidden)"
    assert await page.evaluate(parts) == [True, True, False, True]
    await page.click("#hangup")
    await page.until("document.querySelector('#lobby').hidden === false")
    assert [path for _, path, _ in node.asked] == []


# -- a replay


async def test_a_replay_is_played_by_keys_and_by_its_controls(browser: Browser, node: ScriptedNode) -> None:
    node.state |= {"kind": "replay", "broker": None}
    node.state["replay"] = {"position": 12.0, "duration": 61.0, "speed": 1, "playing": True}
    page = await opened(browser, node)
    assert await page.text("#replay .time") == "0:12 / 1:01"
    await page.press("Space")
    await page.press("ArrowRight")
    await node.posted("/replay/seek")
    node.say("replay", {"replay": {"position": 17.0, "duration": 61.0, "speed": 1, "playing": False}})
    await page.until("document.querySelector('#replay button').getAttribute('aria-label') === 'Play'")
    node.say("replay", {"replay": {"position": 17.0, "duration": 61.0, "speed": 1.25, "playing": False}})
    await page.until("document.querySelector('#replay select').selectedOptions[0]?.text === '1.25×'")
    await page.click("#replay button")
    await node.posted("/replay/play")
    assert [(path, body) for _, path, body in node.asked] == [
        ("/replay/pause", b""),
        ("/replay/seek", b'{"seconds":17}'),
        ("/replay/play", b""),
    ]


# -- its parts


async def test_the_parts_that_reckon(browser: Browser, node: ScriptedNode) -> None:
    page = await opened(browser, node)

    async def said(module: str, call: str) -> Any:
        return await page.evaluate(f"import('/static/{module}.js').then((part) => part.{call})")

    assert await said("feed", r"parse('id: 1\nevent: note\ndata: {\"a\":\ndata: 1}')") == {
        "name": "note",
        "data": {"a": 1},
    }
    assert await said("feed", "parse(': still here')") is None
    assert await said("feed", "parse('data: {')") is None
    assert await said("meters", "plotted([5, null, 10], 10)") == [["115.9 22.6"], ["120.0 5.2"]]
    assert await said("meters", "plotted([], 10)") == []
    assert [await said("dom", f"duration({seconds})") for seconds in (0, 61.9, 3661)] == ["0:00", "1:01", "1:01:01"]
    assert await said("dom", "listed(['ann', 'bob', 'cat'])") == "ann, bob and cat"
