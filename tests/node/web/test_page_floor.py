"""The floor at a page: the button, who has it, and a page that is gone while its button was held."""

from __future__ import annotations

import pytest
from web_client import Bystander, Visitor, visiting

from node.speech.profiles import LEAN
from node.web import page_floor
from node.web.page import Page
from node.web.page_address import PageAddress
from protocol.signalling import Carries, Hello

BOB = Hello(2, "bob", Carries.EVERYTHING | Carries.PUSH_TO_TALK)


class ScriptedFloor:
    """A floor that is granted at once unless another has it."""

    def __init__(self, node: Bystander) -> None:
        self._node = node
        self.holder, self.asks = "", False
        self.asked = 0

    @property
    def holds(self) -> bool:
        return self.holder == self._node.id

    def ask(self) -> None:
        self.asked += 1
        if not self.holder:
            self.pass_to(self._node.id)

    def release(self) -> None:
        if self.holds:
            self.pass_to("")

    def pass_to(self, holder: str) -> None:
        self.holder = holder
        self._node.observers.floor_changed(holder)


@pytest.fixture
def floor() -> ScriptedFloor:
    node = Bystander()
    node.floor = ScriptedFloor(node)
    return node.floor


@pytest.fixture
async def page(floor: ScriptedFloor) -> Page:
    page = Page("call", PageAddress("127.0.0.1", 0), LEAN)
    page.watch(floor._node)
    floor._node.observers.joined("bb", BOB)
    return page


def standing(page: Page) -> tuple[str | None, list[str]]:
    assert page.state.own is not None
    return page.state.own.floor, [person.id for person in page.state.people.values() if person.floor]


async def test_the_button_asks_and_gives_back_and_everybody_sees_it(page: Page, floor: ScriptedFloor) -> None:
    assert standing(page) == ("free", [])
    async with visiting(page) as visitor:
        assert await talk(visitor, on=True) == 204
        assert standing(page) == ("yours", ["me"])
        assert await talk(visitor, on=False) == 204
        assert standing(page) == ("free", [])
    floor.pass_to("bb")
    assert standing(page) == ("taken", ["bb"])
    floor._node.observers.joined("bb", BOB)
    assert standing(page) == ("taken", ["bb"])


async def test_a_held_button_asks_once(page: Page, floor: ScriptedFloor) -> None:
    async with visiting(page) as visitor:
        floor.pass_to("bb")
        await talk(visitor, on=True)
        floor.pass_to("")
        await talk(visitor, on=True, again=True)
        assert floor.asked == 1
        assert standing(page) == ("free", [])


async def test_a_page_that_is_gone_holds_nothing(
    page: Page, floor: ScriptedFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_floor, "HELD_S", 0.0)
    async with visiting(page) as visitor:
        await talk(visitor, on=True)
        while floor.holds:
            await visitor.status("GET", "/healthz")
    assert standing(page) == ("free", [])


async def talk(visitor: Visitor, **wish: bool) -> int:
    return await visitor.status("POST", "/talk", json=wish)
