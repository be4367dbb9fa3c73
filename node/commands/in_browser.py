"""The command `replay` with a page: a session in the browser, and its keys in the terminal as ever."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from node.call import build
from node.commands.replay import ReplayOptions, caption, chosen_voices, play
from node.recording.roster import Attendance
from node.replay.models import painter
from node.replay.pictures import RecordedPicture, cached
from node.replay.player import Player
from node.speech.devices import open_sink
from node.web.replay_audio import ReplayAudio
from node.web.setup import page as open_page
from node.web.spectator import ReplayFeeder

if TYPE_CHECKING:
    from node.common.config import Settings
    from node.recording.reader import Session
    from node.terminal.status import BufferedNotes
    from node.web.page import Page


async def run(session: Session, asked: ReplayOptions, settings: Settings, notes: BufferedNotes) -> None:
    """Replay until the user ends it. It begins when the page is opened first, and stands still at its end.

    The machine's own loudspeaker is silent unless one is asked for. Raises UsageError, NodeError or LogError.
    """
    page = open_page(settings.model_copy(update={"speech": None, "camera": None}), "replay", notes)
    assert page is not None, "a page was asked for"
    roster = Attendance(session)
    voices = chosen_voices(asked, roster)
    sink, remark = open_sink(settings.speaker or "none", note=notes)
    if remark:
        notes(remark)

    def note(text: str) -> None:
        notes(text)
        page.board.note(text)

    def tell(told: RecordedPicture) -> None:
        spectator.told(told)
        notes(caption(player, roster, told))

    async with contextlib.AsyncExitStack() as stack:
        paint = await stack.enter_async_context(painter(session.header, asked.models, asked.generator, note))
        soundtrack = ReplayAudio(page.sound, sink, voices)
        spectator = ReplayFeeder(page.board, soundtrack, session.header, paints=paint is not None)
        player = Player(
            session, spectator, soundtrack, paint=None if paint is None else cached(paint),
            start=asked.start, end=asked.end, speed=asked.speed, loop=asked.loop, stays=True, voices=voices,
            lyra_folder=settings.lyra, told=tell, sought=spectator.sought, note=note,
            keep=build.gallery(build.keeper(settings.pictures, notes)),
        )  # fmt: skip
        soundtrack.player = player
        page.show(player, session.header.started_ns / 1e9)
        if roster.place(session.header.node) is not None:
            page.board.came(session.header.node, session.header.name, speaks=True, shows=True)
        link = await stack.enter_async_context(page.open())
        notes(f"the page is at {link}: it begins when that is opened")
        await _play_when_opened(page, player, notes)


async def _play_when_opened(page: Page, player: Player, notes: BufferedNotes) -> None:
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
