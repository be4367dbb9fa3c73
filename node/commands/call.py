"""The commands call, send and receive: one node in a room."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from node import rooms
from node.call import build
from node.call.node import Node
from node.captions.coding_process import CaptionProcess
from node.commands import typed
from node.common.output import say
from node.links import login
from node.recording import control, provenance
from node.terminal import keyboard
from node.terminal.status import BufferedNotes, choose
from node.terminal.summary import Summary, as_json, for_people, summarise
from node.web import setup as web

if TYPE_CHECKING:
    from node.call.endpoints import Models
    from node.common.config import Settings

MUTE_KEY = "m"
RECORD_KEY = "r"


async def run(settings: Settings, room: str | None, role: build.Role, seconds: float | None, json: bool) -> bool:
    """Calls until the seconds are over or the user ends it, then prints the summary. The room is as for `resolve`.

    The models begin to load before anything else is done: they take the longest.
    """
    notes = BufferedNotes()
    settings = web.with_browser(settings, role.sends)
    async with build.running_models(build.worker(settings, role), notes) as models:
        summary = await _call(settings, room, role, models, notes, seconds, quiet=json)
    say(*([as_json(summary)] if json else for_people(summary)))
    return True


async def _call(
    settings: Settings,
    room: str | None,
    role: build.Role,
    models: Models,
    notes: BufferedNotes,
    seconds: float | None,
    quiet: bool,
) -> Summary:
    resolved = rooms.resolve(room, settings)
    place = replace(build.build_rendezvous(settings, resolved), waits=build.waits(settings))
    page = web.page(settings, role.kind, notes)
    warnings = [resolved.note, *login.remarks(settings, place.broker)]
    kept = build.keeper(settings.pictures, notes)
    show, screen = build.gallery(kept), build.screen(kept)
    screen = screen if page is None else page.screen(screen)
    async with CaptionProcess() as captions:
        parts, remarks = await asyncio.to_thread(build.build_endpoints, settings, role, models, notes, page, captions)
        header = await asyncio.to_thread(provenance.recording_header, settings, role)
        node = Node(settings.name, place, parts, show=show, screen=screen, note=notes)
        for remark in filter(None, (*remarks, *warnings)):
            notes(remark)
        with choose([build.view(node)], quiet=quiet) as display:
            notes.to(display)
            with control.recording_control(node, settings, header, notes, resolved.secret) as recorder:
                actions = {MUTE_KEY: node.toggle_mute, RECORD_KEY: recorder.toggle}
                with keyboard.listening(actions, lambda line: typed.run_command(node, recorder, line, notes)) as typing:
                    if typing:
                        notes(_help(role))
                    async with web.serving(page, notes, node):
                        await build.run([node], display, seconds)
    tally = node.count()
    return summarise(tally, tally, time.monotonic())


def _help(role: build.Role) -> str:
    mute = f"type {MUTE_KEY} to mute yourself, and again to be heard; " if role.sends else ""
    return f"{mute}{RECORD_KEY} to record, and again to end that; {typed.HELP}"
