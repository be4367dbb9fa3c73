"""A listener's page: the standing in its state and as an event, lines without a place to write, the link."""

from __future__ import annotations

import json

import aiohttp
from audience import CLOCK_MS, LINK
from live_audience import seated

from live_call import LOOPBACK
from node.links.address import BrokerAddress
from node.speech.profiles import LEAN
from node.web.audience_page import ShownStanding, watching
from node.web.page import Page
from node.web.page_address import PageAddress
from protocol.audience.audience_link import AudienceLink
from protocol.audience.live_rule import LiveState, Standing


class Notes(list[str]):
    def __call__(self, text: str) -> None:
        self.append(text)

    def draw(self, lines: object) -> None:
        pass


async def test_the_page_says_whether_the_stage_is_live_and_why_not() -> None:
    node, room, _ = seated(BrokerAddress(LOOPBACK, 1), CLOCK_MS / 1000, lambda: CLOCK_MS / 1000)
    page = Page("receive", PageAddress(LOOPBACK, 0), LEAN)
    link = AudienceLink(LINK.since, LINK.secret, LINK.speaker, "mqtts://broker.example.org")
    async with watching(page, Notes(), node, link), aiohttp.ClientSession() as session:
        async with session.get(f"{page.link}events") as events:
            state = await next_event(events, "state")
            assert state["audience"] == {
                "state": "waiting", "live": False, "why": "not live: the stage announced nothing yet"
            }  # fmt: skip
            assert state["invitation"]["link"] == link.reveal()
            assert state["texts"] == []
            room.standing_changed(Standing(LiveState.LIVE))
            assert (await next_event(events, "audience"))["audience"] == {"state": "live", "live": True, "why": "live"}
        async with session.post(f"{page.link}text", json={"text": "hello"}) as answer:
            assert answer.status == 409
        assert page.state.to_json()["audience"]["live"] is True


async def next_event(events: aiohttp.ClientResponse, name: str) -> dict[str, dict[str, object]]:
    """Return the data of the next event of this name."""
    found = ""
    async for line in events.content:
        kind, _, rest = line.decode().strip().partition(": ")
        if kind == "event":
            found = rest
        elif kind == "data" and found == name:
            data: dict[str, dict[str, object]] = json.loads(rest)
            return data
    raise AssertionError(f"no {name}")


async def test_without_a_page_nothing_is_served() -> None:
    node, _, _ = seated(BrokerAddress(LOOPBACK, 1), CLOCK_MS / 1000, lambda: CLOCK_MS / 1000)
    async with watching(None, Notes(), node, LINK):
        pass


def test_a_standing_before_any_reader_is_kept() -> None:
    page = Page("receive", PageAddress(LOOPBACK, 0), LEAN)
    shown = ShownStanding(page, Standing(LiveState.WAITING))
    shown.change(Standing(LiveState.OLD, -600_000))
    assert "10 min old" in shown.to_json()["why"]
