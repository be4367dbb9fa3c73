"""The page of a listener: whether the stage is live, its lines without a place to write, and the link to hand on."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from node.call.seat_membership import SeatMembership
from node.call.seat_words import standing_words
from node.web.chat_texts import ChatTexts
from node.web.invitation import invitation_by
from node.web.setup import served

if TYPE_CHECKING:
    from node.call.node import Node
    from node.web.page import Page
    from node.web.setup import LinkNotes
    from protocol.audience.audience_link import AudienceLink
    from protocol.audience.live_rule import Standing


class ShownStanding:
    """The standing of the stage on a page; each change of it is sent to the page's events."""

    def __init__(self, page: Page, standing: Standing) -> None:
        self._page, self._standing = page, standing

    def change(self, standing: Standing) -> None:
        """Show another standing from now on."""
        self._standing = standing
        self._page.state.events.send("audience", {"audience": self.to_json()})

    def to_json(self) -> dict[str, Any]:
        """Return it as docs/web-api.md specifies it."""
        return {
            "state": str(self._standing.state),
            "live": self._standing.live,
            "why": standing_words(self._standing),
        }


def invite(page: Page, link: AudienceLink, broker: str) -> None:
    """Show on the page, a speaker's or a listener's, by which link others hear the stage at this broker."""
    page.state.invitation = invitation_by(link.reveal(), broker)


@contextlib.asynccontextmanager
async def watching(page: Page | None, notes: LinkNotes, node: Node, link: AudienceLink) -> AsyncIterator[None]:
    """Serve the page, if there is one, with what a listener gets."""
    if page is None:
        yield
        return
    assert isinstance(node.room, SeatMembership)
    page.watch(node)
    page.state.texts = ChatTexts(page.state.events)
    invite(page, link, str(node.room.link.address))
    page.state.audience = shown = ShownStanding(page, node.room.standing)
    node.room.standing_changed = shown.change
    async with served(page, notes):
        yield
