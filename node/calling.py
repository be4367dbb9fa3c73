"""The commands call, send and receive: one node in a room."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from node import keys, meeting, opening, rooms, typed
from node.call import Node
from node.captions.process import CaptionProcess
from node.common.output import say
from node.display import LateNotes, choose
from node.session import about, recording
from node.summary import Summary, as_json, for_people, summarise
from node.web import opening as web

if TYPE_CHECKING:
    from node.config import Settings
    from node.parts import Models

MUTE_KEY = "m"
RECORD_KEY = "r"


async def run(settings: Settings, room: str | None, role: opening.Role, seconds: float | None, json: bool) -> bool:
    """Calls until the seconds are over or the user ends it, then prints the summary. The room is as for `resolve`.

    The models begin to load before anything else is done: they take the longest.
    """
    notes = LateNotes()
    settings = web.with_browser(settings, role.sends)
    async with opening.loaded(opening.worker(settings, role), notes) as models:
        summary = await _call(settings, room, role, models, notes, seconds, quiet=json)
    say(*([as_json(summary)] if json else for_people(summary)))
    return True


async def _call(
    settings: Settings,
    room: str | None,
    role: opening.Role,
    models: Models,
    notes: LateNotes,
    seconds: float | None,
    quiet: bool,
) -> Summary:
    resolved = rooms.resolve(room, settings)
    place = replace(opening.place(settings, resolved), waits=opening.waits(settings))
    page = web.page(settings, role.kind, notes)
    warnings = [resolved.note, *meeting.remarks(settings, place.broker)]
    kept = opening.keeper(settings.pictures, notes)
    show, screen = opening.gallery(kept), opening.screen(kept)
    screen = screen if page is None else page.screen(screen)
    async with CaptionProcess() as captions:
        parts, remarks = await asyncio.to_thread(opening.parts, settings, role, models, notes, page, captions)
        header = await asyncio.to_thread(about.header, settings, role)
        node = Node(settings.name, place, parts, show=show, screen=screen, note=notes)
        for remark in filter(None, (*remarks, *warnings)):
            notes(remark)
        with choose([opening.view(node)], quiet=quiet) as display:
            notes.to(display)
            with recording.of(node, settings, header, notes, resolved.secret) as recorder:
                actions = {MUTE_KEY: node.toggle_mute, RECORD_KEY: recorder.toggle}
                with keys.listening(actions, lambda line: typed.obey(node, recorder, line, notes)) as typing:
                    if typing:
                        notes(_help(role))
                    async with web.serving(page, notes, node):
                        await opening.run([node], display, seconds)
    tally = node.count()
    return summarise(tally, tally, time.monotonic())


def _help(role: opening.Role) -> str:
    mute = f"type {MUTE_KEY} to mute yourself, and again to be heard; " if role.sends else ""
    return f"{mute}{RECORD_KEY} to record, and again to end that; {typed.HELP}"
