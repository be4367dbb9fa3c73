"""The page as a call in a real browser: every window, the lobby, chat, invitation, keys, and leaving."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chromium import DESKTOP, PHONE, Browser, Page, Screen
from PIL import Image
from scripted_node import NOW, ScriptedNode, demo, person, person_event, picture

from node.web.invitation import Invitation

SCREENS = {
    "phone": PHONE,
    "phone-landscape": Screen(844, 390, mobile=True),
    "small-phone": Screen(320, 568, mobile=True),
    "desktop": DESKTOP,
    "large": Screen(1920, 1080),
    "largest": Screen(2560, 1440),
    "magnified": Screen(320, 256),
    "small-phone-landscape": Screen(568, 320, mobile=True),
}
PHONES = ("phone", "phone-landscape", "small-phone")
LEAST_HEIGHT = 0.55  # of a phone's window, for the one picture
LONG_NAME = "Maximiliane Theodora von Hohenzollern-Sigmaringen the Third"
LONG_WORDS = " ".join(["a man with a red hat drinks tea in a kitchen full of plants"] * 4)
OUTSIDE = """
[...document.querySelectorAll('button, h2, h3, p, input, select, .tile, .box, .said')]
  .filter((each) => each.offsetParent && !each.closest('.unseen, .strip'))
  .filter((each) => getComputedStyle(each).visibility !== 'hidden')
  .map((each) => [each.id || each.className, each.getBoundingClientRect(), each.closest('.scrolls, .lobby, .alone')])
  .filter(([, box, scrolls]) => box.width && (box.left < -0.5 || box.right > innerWidth + 0.5
    || (!scrolls && (box.top < -0.5 || box.bottom > innerHeight + 0.5))))
  .map(([name]) => name)
"""
SCROLLS = """
document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight
  || scrollX !== 0 || scrollY !== 0
"""
BURIED = """
['microphone', 'camera', 'listen', 'show-chat', 'hangup', 'show-invite', 'show-details'].filter((id) => {
  const button = document.getElementById(id), box = button.getBoundingClientRect();
  return !button.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)) || box.width < 40;
})
"""
YOU = {
    "person": "me",
    "name": "ann",
    "muted": False,
    "camera_on": True,
    "may_speak": True,
    "may_show": True,
    "speaking": False,
    "showing": False,
    "me": "a woman with long black hair",
    "sight": None,
}
LOBBY = "document.querySelector('#lobby').hidden === false"
ENTERED = "document.body.dataset.at === 'call'"


def a_call(node: ScriptedNode, others: int, **changes: Any) -> None:
    """A call with so many others, one of them of a long name and of many words."""
    url = node.picture(Image.new("RGB", (256, 256), "#a06040"))
    people = [
        person(
            str(number), [picture(1, LONG_WORDS if number == 0 else "a cat", url)], name=LONG_NAME if number else "bob"
        )
        for number in range(others)
    ]
    people.append(person("me", [picture(1, "a woman waves", None, url)], name="ann", you=True, screen=None))
    node.state |= {"kind": "call", "you": YOU, "people": people, "texts": []} | changes


@pytest.fixture
async def node() -> Any:
    async with ScriptedNode(demo()) as node:
        yield node


async def entered(browser: Browser, node: ScriptedNode, screen: Screen = DESKTOP, **prefers: bool) -> Page:
    page = await browser.page(screen, **prefers)
    await page.open(node.url)
    await page.until("document.body.hasAttribute('data-ready')")
    await page.evaluate("pictophone.enter()")
    await page.until("document.querySelectorAll('.painted img').length === pictophone.call.others.length")
    return page


# -- every window


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SCREENS)
async def test_everything_fits_and_is_in_reach(browser: Browser, node: ScriptedNode, size: str, dark: bool) -> None:
    screen = SCREENS[size]
    for others in (1, 8) if dark else (1, 2, 4, 8):
        a_call(node, others, you=YOU | {"floor": "free" if others == 4 else None})
        page = await entered(browser, node, screen, dark=dark)
        assert await page.evaluate(OUTSIDE) == []
        assert await page.evaluate(SCROLLS) is False
        assert await page.evaluate(BURIED) == []
        if others == 1 and size in PHONES:
            height = await page.evaluate("document.querySelector('.painted img').getBoundingClientRect().height")
            print(f"{size}: the picture has {height / screen.height:.0%} of the height")
            assert height >= LEAST_HEIGHT * screen.height
        for drawer in ("chat", "details"):
            await page.click(f"#show-{drawer}")
            assert await page.evaluate(OUTSIDE) == []
            assert await page.evaluate(SCROLLS) is False
            await page.press("Escape")
        await page.close()


@pytest.mark.parametrize("size", SCREENS)
async def test_the_lobby_and_an_empty_room_fit(browser: Browser, node: ScriptedNode, size: str) -> None:
    invitation = Invitation("pictophone:" + 80 * "a").to_json()
    a_call(node, 0, invitation=invitation)
    page = await browser.page(SCREENS[size])
    await page.open(node.url)
    await page.until(f"{LOBBY} && !document.querySelector('#choose-camera').parentNode.hidden")
    assert await page.evaluate(OUTSIDE) == []
    assert await page.evaluate(SCROLLS) is False
    await page.click("#join")
    await page.until(ENTERED)
    assert await page.text("#alone-said") == "Nobody else is here yet"
    side = invitation["qr"]["link"]["size"] + 4
    assert await page.evaluate("document.querySelector('#alone svg').getAttribute('viewBox')") == f"-2 -2 {side} {side}"
    assert await page.evaluate(OUTSIDE) == []
    assert await page.evaluate(SCROLLS) is False


async def test_the_grid_is_the_one_with_the_largest_pictures(browser: Browser, node: ScriptedNode) -> None:
    a_call(node, 1)
    page = await entered(browser, node)

    async def grid(*of: int) -> list[int]:
        found: list[int] = await page.evaluate(f"import('/static/stage.js').then(({{grid}}) => grid{of})")
        return found

    assert await grid(2, 1264, 700) == [2, 1]
    assert await grid(2, 390, 716) == [1, 2]
    assert await grid(4, 1264, 700) == [2, 2]
    assert await grid(8, 1264, 700) == [4, 2]
    assert await grid(8, 390, 716) == [2, 4]


# -- coming and going


async def test_two_taps_lead_from_the_link_into_the_call(browser: Browser, node: ScriptedNode) -> None:
    """The other one is the browser's own question, which no page can spare."""
    a_call(node, 1)
    page = await browser.page(PHONE)
    await page.open(node.url)
    await page.until(LOBBY)
    assert await page.text("#lobby-who") == "You are ann. bob is here."
    await page.until("document.querySelector('#preview-video').videoWidth > 0")
    await page.until("new DOMMatrix(getComputedStyle(document.querySelector('#level')).transform).a > 0.1")
    await page.click("#join")
    await page.until(ENTERED)
    assert (await node.posted("/whep"))[0].count(b"a=recvonly") >= 1
    assert (await node.posted("/whip"))[0].count(b"a=sendonly") == 1
    assert (await node.posted("/snapshots"))[0].startswith(b"\xff\xd8")
    await page.reload()
    await page.until(ENTERED)  # a reload is no new entrance
    assert page.errors == [] or all("503" in error for error in page.errors)


async def test_who_hangs_up_is_neither_heard_nor_seen_and_can_join_again(browser: Browser, node: ScriptedNode) -> None:
    a_call(node, 1)
    page = await browser.page()
    await page.open(node.url)
    await page.until(LOBBY)
    await page.click("#want-microphone")
    await page.click("#join")
    await page.until(f"{ENTERED} && document.querySelector('#camera').dataset.state === 'on'")
    assert "/whip" not in [path for _, path, _ in node.asked]
    await page.click("#hangup")
    await page.until("document.body.dataset.at === 'left'")
    assert await page.text("#lobby-title") == "You left the call"
    assert await page.evaluate("[pictophone.listening.state, pictophone.speaking.state]") == ["off", "off"]
    assert await page.evaluate("document.querySelector('#own-video').srcObject") is None
    assert [json.loads(body)["on"] for body in await node.posted("/camera", 2)] == [True, False]
    node.say("note", {"at": NOW, "text": "unheard"})
    node.state["notes"] = [{"at": NOW, "text": "again"}]
    await page.click("#join")
    await page.until(f"{ENTERED} && document.querySelector('#camera').dataset.state === 'on'")
    assert await page.evaluate("pictophone.call.notes.map((note) => note.text)") == ["again"]
    assert "/whip" not in [path for _, path, _ in node.asked]


async def test_a_node_s_own_devices_are_off_after_leaving(browser: Browser, node: ScriptedNode) -> None:
    a_call(node, 1, you=YOU | {"may_speak": False, "may_show": False})
    page = await entered(browser, node)
    await page.click("#hangup")
    await page.until("document.body.dataset.at === 'left'")
    assert json.loads((await node.posted("/mute"))[0]) == {"muted": True}
    assert json.loads((await node.posted("/camera"))[0]) == {"on": False}


async def test_keys_do_what_the_bar_does_but_not_while_one_writes(browser: Browser, node: ScriptedNode) -> None:
    a_call(node, 1, you=YOU | {"may_speak": False, "may_show": False})
    page = await entered(browser, node)
    await page.press("m")
    assert json.loads((await node.posted("/mute"))[0]) == {"muted": True}
    await page.press("v")
    assert json.loads((await node.posted("/camera"))[0]) == {"on": False}
    node.asked.clear()
    await page.press("c")
    await page.until("document.activeElement.id === 'chat-line'")
    await page.press("m")
    assert await page.evaluate("document.querySelector('#chat-line').value") == "m"
    assert node.asked == []
    await page.press("Escape")
    assert await page.evaluate("document.querySelector('#chat').hidden") is True


# -- what is said in the banner


async def test_speech_that_waits_for_the_broker_is_not_said_to_go_on(browser: Browser, node: ScriptedNode) -> None:
    a_call(node, 1)
    page = await entered(browser, node)
    node.say("person", person_event("0", name="bob", link="again", route="none"))
    node.say("broker", {"broker": "down"})
    said = "The broker is away: new pictures and lines wait for it. So does the speech with bob."
    await page.until(f"document.querySelector('#trouble').textContent === {said!r}")


async def test_a_missing_link_is_no_trouble_while_the_broker_has_the_speech(
    browser: Browser, node: ScriptedNode
) -> None:
    a_call(node, 1)
    page = await entered(browser, node)
    node.say("person", person_event("0", name="bob", missing="no path", route="none"))
    await page.until("document.querySelector('#trouble').textContent.startsWith('There is no speech link with bob')")
    node.say("person", person_event("0", name="bob", missing="no path", route="broker"))
    await page.until("!document.querySelector('#banner').hasAttribute('data-shown')")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("broker", {"broker": "down"}, "The broker is away: new pictures and lines wait for it. Speech goes on."),
        ("person", person_event("0", name="bob", link="again"), "The speech with bob broke off. Connecting again…"),
        ("person", person_event("0", name="bob", here=False), "bob left the call."),
    ],
    ids=["broker", "link", "left"],
)
async def test_what_is_wrong_is_said_in_one_line_until_it_is_over(
    browser: Browser, node: ScriptedNode, name: str, data: dict[str, Any], said: str
) -> None:
    a_call(node, 1)
    page = await entered(browser, node)
    shown = "document.querySelector('#banner').hasAttribute('data-shown')"
    assert await page.evaluate(shown) is False
    node.say(name, data)
    await page.until(f"document.querySelector('#trouble').textContent === {said!r}")
    node.say("broker", {"broker": "up"})
    node.say("person", person_event("0", name="bob"))
    await page.until(f"!{shown}")


# -- lines that people type


def text(id: str, words: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "from": "0",
        "name": "bob",
        "mine": False,
        "at": NOW,
        "text": words,
        "have": [],
        "waiting": [],
    } | changes


async def test_a_line_is_counted_read_aloud_and_shown_as_text(browser: Browser, node: ScriptedNode) -> None:
    hostile = "<img src=x onerror='window.injected = 1'>\u202egnp.exe[/b]"
    a_call(node, 1, texts=[text("1", "hello")])
    page = await entered(browser, node)
    node.say("text", text("2", hostile))
    node.say("text", text("3", "and more"))
    await page.until("document.querySelector('#show-chat').dataset.unread === '2'")
    assert await page.evaluate("document.querySelector('#show-chat').ariaLabel") == "Chat, 2 new"
    assert await page.evaluate("document.querySelector('#read').textContent") == (
        f"bob writes: {hostile}bob writes: and more"
    )
    await page.press("c")
    assert await page.evaluate("document.querySelector('#show-chat').dataset.unread") == ""
    lines = "[...document.querySelectorAll('#texts .text')].map((each) => each.textContent)"
    assert await page.evaluate(lines) == ["hello", hostile, "and more"]
    assert await page.evaluate("getComputedStyle(document.querySelector('#texts .text')).unicodeBidi") == "isolate"
    assert await page.evaluate("window.injected") is None
    node.say("text", text("4", "once more"))
    await page.until("document.querySelectorAll('#texts li').length === 4")
    assert await page.evaluate("document.querySelector('#show-chat').dataset.unread") == ""  # it is in sight
    assert page.errors == []


async def test_a_line_is_sent_and_who_has_it_is_shown(browser: Browser, node: ScriptedNode) -> None:
    a_call(node, 1)
    taken = text("9", "hi there", mine=True, name="ann", waiting=["bob"])
    node.texts = [taken]
    page = await entered(browser, node)
    await page.press("c")
    await page.evaluate("document.querySelector('#chat-line').value = ' hi there '")
    await page.press("Enter")
    assert json.loads((await node.posted("/text"))[0]) == {"text": "hi there"}
    delivered = "document.querySelector('#texts .delivered')?.textContent"
    await page.until(f"{delivered} === 'Waiting for bob'")
    assert await page.evaluate("document.querySelector('#chat-line').value") == ""
    node.say("text", taken | {"have": ["bob"], "waiting": []})
    await page.until(f"{delivered} === '✓ bob'")
    assert await page.evaluate("document.querySelectorAll('#texts li').length") == 1
    await page.evaluate("document.querySelector('#chat-line').value = 'again'")
    await page.press("Enter")
    await page.until("document.querySelector('#trouble').textContent === 'a line has 1 to 500 characters'")
    assert await page.evaluate("document.querySelector('#chat-line').value") == "again"  # nothing is lost


async def test_there_is_no_chat_where_the_node_has_none(browser: Browser, node: ScriptedNode) -> None:
    a_call(node, 1)
    del node.state["texts"]
    page = await entered(browser, node)
    assert await page.evaluate("document.querySelector('#show-chat').hidden") is True
