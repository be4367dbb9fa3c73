"""A page as a whole: what it sees of the nodes that nobody tells, and who takes part from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from happenings import until
from PIL import Image
from web_client import Bystander, a_page, visiting

from node.vision.cameras import Camera
from node.web import page as pages
from node.web.page import Page
from node.web.server import serve
from protocol.errors import NodeError
from protocol.signalling import Carries, Hello

BOB = Hello(1, "bob", Carries.EVERYTHING)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "POLL_S", 0.01)


@pytest.fixture
async def node() -> Bystander:
    return Bystander()


@pytest.fixture
async def page(node: Bystander) -> AsyncIterator[Page]:
    page = a_page(microphone=True, camera=True)
    page.watch(node)
    async with serve(page):
        yield page


async def test_you_are_in_it_from_the_start(page: Page) -> None:
    state = page.state.to_json()
    assert [(person["name"], person["you"]) for person in state["people"]] == [("ann", True)]
    assert state["you"] == {
        "person": "me", "name": "ann", "muted": False, "camera_on": True, "may_speak": True, "may_show": True,
        "speaking": False, "showing": False, "me": "", "sight": None, "floor": None,
    }  # fmt: skip


async def test_what_the_camera_shows_and_who_is_before_it_are_looked_at(page: Page, node: Bystander) -> None:
    own = page.state.own
    assert own is not None
    node.sight = "nobody"
    await until(lambda: own.sight == "nobody")
    assert await page.change_me("a man with a beard") == ["you are drawn as: a man with a beard"]
    assert own.me == "a man with a beard"


async def test_who_is_before_the_camera_is_kept() -> None:
    kept: list[str] = []

    def full(text: str) -> None:
        kept.append(text)
        if text == "a child":
            raise NodeError("cannot write the settings: no space left")

    page = a_page(keep_me=full)
    page.watch(Bystander())
    await page.change_me("a man")
    assert await page.change_me("a child") == [
        "you are drawn as: a child",
        "this holds for this call, and is not kept: cannot write the settings: no space left",
    ]
    assert kept == ["a man", "a child"]


async def test_nobody_is_drawn_from_a_node_that_only_receives() -> None:
    page = a_page("receive")
    page.watch(Bystander())
    assert await page.change_me("a man") is None
    assert page.state.own is not None
    assert page.state.own.me is None
    assert page.state.people == {}


async def test_links_delays_and_the_broker_are_looked_at(page: Page, node: Bystander) -> None:
    node.observers.joined("x", BOB)
    bob = page.state.people["x"]
    node.links["x"] = "again"
    await until(lambda: bob.link == "again" and bob.rates.delay_ms == 210.0)
    assert page.state.broker == "up"
    node.broker_is_up = False
    await until(lambda: page.state.broker == "down")
    assert page.problem()
    assert len(bob.history) > 0


async def test_mute_follows_whoever_mutes(page: Page, node: Bystander) -> None:
    assert page.mute(True)
    assert (node.muted, page.state.own is not None and page.state.own.muted) == (True, True)
    assert page.mute(True)
    assert node.muted
    node.toggle_mute()
    await until(lambda: page.state.own is not None and not page.state.own.muted)


class Still:
    name = "still"

    async def snapshot(self) -> Image.Image:
        return Image.new("RGB", (4, 4))

    async def close(self) -> None:
        pass


async def test_a_camera_of_the_nodes_own_can_be_switched_off(node: Bystander) -> None:
    page = a_page()
    first, second = Still(), Still()
    shut: Camera = page.shutter(first)
    assert page.shutter(second) is second
    assert shut is not first
    assert page.switch_camera(False) is False
    page.watch(node)
    assert page.switch_camera(False) is True
    you = page.state.own
    assert you is not None
    assert you.camera_on is False
    assert page.shutter(first) is first


async def test_a_demo_shows_both_sides_and_takes_no_part() -> None:
    page = a_page("demo")
    a, b = Bystander("a", "a"), Bystander("b", "b")
    page.watch(a, b)
    a.observers.joined("b", Hello(1, "b"))
    b.observers.joined("a", Hello(1, "a"))
    a.observers.noted("hello")
    state = page.state.to_json()
    assert state["you"] is None
    assert sorted((person["id"], person["you"]) for person in state["people"]) == [("a", False), ("b", False)]
    assert state["notes"][0]["text"] == "a: hello"
    assert page.mute(True) is False


async def test_in_a_demo_a_browser_may_be_the_first_of_them() -> None:
    page = a_page("demo", microphone=True)
    page.watch(Bystander("a", "a"), Bystander("b", "b"))
    assert page.state.own is not None
    assert page.state.own.person == page.broadcast.excluded == "a"


async def test_the_screen_shows_on_the_page_and_where_else_it_should(page: Page) -> None:
    also: list[str] = []

    async def elsewhere(peer: str, image: Image.Image) -> None:
        also.append(peer)

    image = Image.new("RGB", (4, 4))
    show: Callable[..., object] = page.screen(elsewhere)
    await show("x", image)  # type: ignore[misc]
    await page.screen()("x", image)
    assert also == ["x"]
    await until(lambda: page.state.people["x"].screen is not None)


async def test_a_recording_has_nobody_to_be() -> None:
    class Tape:
        position_s, duration_s, speed, paused = 1.0, 2.0, 1.0, False

        def pause(self) -> None: ...

        def resume(self) -> None: ...

        def seek(self, seconds: float) -> None: ...

    page = a_page("replay")
    page.show(Tape())
    page.state.joined("x", "bob", speaks=True, shows=True)
    async with visiting(page) as visitor:
        async with visitor.ask("GET", "/metrics") as answer:
            assert answer.status == 200
        state = page.state.to_json()
        assert state["you"] is None
        assert state["broker"] is None
        assert state["replay"]["position"] == 1.0
