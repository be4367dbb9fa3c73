"""The commands call, send and receive: one node in a room."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from node import keys, opening, typed
from node.call import Node
from node.display import LateNotes, choose
from node.summary import as_json, for_people, summarise
from node.web import opening as web

if TYPE_CHECKING:
    from node.config import Settings

MUTE_KEY = "m"


async def run(settings: Settings, room: str, role: opening.Role, seconds: float | None, json: bool) -> bool:
    """Calls until the seconds are over or the user ends it, then prints the summary."""
    notes = LateNotes()
    settings = web.with_browser(settings, role.sends)
    page = web.page(settings, role.kind, notes)
    place = opening.place(settings, room)
    show, screen = opening.gallery(settings.pictures, notes), opening.screen(settings.pictures)
    screen = screen if page is None else page.screen(screen)
    models = opening.worker(settings, role)
    async with opening.loaded(models, notes):
        parts, remarks = await asyncio.to_thread(opening.parts, settings, role, models, notes, page)
        node = Node(settings.name, place, parts, show=show, screen=screen, note=notes)
        for remark in (*remarks, opening.UNSEALED):
            notes(remark)
        with choose([opening.view(node)], quiet=json) as display:
            notes.to(display)
            with keys.listening({MUTE_KEY: node.toggle_mute}, lambda line: typed.obey(node, line, notes)) as typing:
                if typing and role.sends:
                    notes(f"type {MUTE_KEY} to mute yourself, and again to be heard; {typed.HELP}")
                async with web.serving(page, notes, node):
                    await opening.run([node], display, seconds)
    tally = node.count()
    summary = summarise(tally, tally, time.monotonic())
    print(as_json(summary) if json else "\n".join(for_people(summary)))
    return True
