"""The command `replay` with a page: a session in the browser, and its keys in the terminal as ever."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from node import opening
from node.session.models import painter
from node.session.painting import Told, remembering
from node.session.player import Player
from node.session.replaying import Asked, caption, chosen_voices, play
from node.session.roster import Roster
from node.speech.sinks import open_sink
from node.web.opening import page as open_page
from node.web.soundtrack import Soundtrack
from node.web.spectator import Spectator

if TYPE_CHECKING:
    from node.config import Settings
    from node.display import LateNotes
    from node.session.reader import Session
    from node.web.page import Page


async def run(session: Session, asked: Asked, settings: Settings, notes: LateNotes) -> None:
    """Replay until the user ends it. It begins when the page is opened first, and stands still at its end.

    The machine's own loudspeaker is silent unless one is asked for. Raises UsageError, NodeError or LogError.
    """
    page = open_page(settings.model_copy(update={"speech": None, "camera": None}), "replay", notes)
    assert page is not None, "a page was asked for"
    roster = Roster(session)
    voices = chosen_voices(asked, roster)
    sink, remark = open_sink(settings.speaker or "none", note=notes)
    if remark:
        notes(remark)

    def note(text: str) -> None:
        notes(text)
        page.board.note(text)

    def tell(told: Told) -> None:
        spectator.told(told)
        notes(caption(player, roster, told))

    async with contextlib.AsyncExitStack() as stack:
        paint = await stack.enter_async_context(painter(session.header, asked.models, asked.generator, note))
        soundtrack = Soundtrack(page.sound, sink, voices)
        spectator = Spectator(page.board, soundtrack, session.header, paints=paint is not None)
        player = Player(
            session, spectator, soundtrack, paint=None if paint is None else remembering(paint),
            start=asked.start, end=asked.end, speed=asked.speed, loop=asked.loop, stays=True, voices=voices,
            lyra_folder=settings.lyra, told=tell, sought=spectator.sought, note=note,
            keep=opening.gallery(opening.keeper(settings.pictures, notes)),
        )  # fmt: skip
        soundtrack.player = player
        page.show(player, session.header.started_ns / 1e9)
        if roster.place(session.header.node) is not None:
            page.board.came(session.header.node, session.header.name, speaks=True, shows=True)
        link = await stack.enter_async_context(page.open())
        notes(f"the page is at {link}: it begins when that is opened")
        await _play_when_opened(page, player, notes)


async def _play_when_opened(page: Page, player: Player, notes: LateNotes) -> None:
    async def begin() -> None:
        await page.board.feed.opened.wait()
        if player.position_s == player.start_s:
            player.resume()
            page.board.tell_replay()

    player.pause()
    async with asyncio.TaskGroup() as group:
        beginning = group.create_task(begin(), name="begin when the page is opened")
        try:
            await play(player, notes)
        finally:
            beginning.cancel()
