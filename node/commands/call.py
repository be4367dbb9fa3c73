"""The commands `call`, `send` and `receive`: one node in a room."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from node.captions.coder import shipped_codecs
from node.captions.coding_process import CaptionProcess
from node.commands import options
from node.commands.call_lines import conversing, is_piped, was_reached
from node.common.output import writer
from node.common.tasks import run_together
from node.links import login
from node.recording import provenance
from node.recording.control import recording_control
from node.terminal.status import BufferedNotes, choose, view
from node.terminal.summary import Summary, as_json, failed, for_people, summarise

if TYPE_CHECKING:
    from node.call.build import Role
    from node.call.endpoints import Models
    from node.common.config import Settings

app = options.group()


@options.command(app, *options.CALL)
def call(
    settings: Settings,
    room: options.Room = None,
    seconds: options.Seconds = None,
    json: options.Summary = False,
    text: options.Text = None,
) -> None:
    """Talk with everyone in a room: speech and pictures, both ways."""
    _start("call", settings, room, seconds, json, text)


@options.command(app, *options.SEND)
def send(
    settings: Settings,
    room: options.Room = None,
    seconds: options.Seconds = None,
    json: options.Summary = False,
    text: options.Text = None,
) -> None:
    """Send speech and pictures to a room, and receive nothing."""
    _start("send", settings, room, seconds, json, text)


@options.command(app, *options.RECEIVE)
def receive(
    settings: Settings,
    room: options.Room = None,
    seconds: options.Seconds = None,
    json: options.Summary = False,
    text: options.Text = None,
) -> None:
    """Hear and see a room, and send nothing."""
    _start("receive", settings, room, seconds, json, text)


def _start(
    kind: str, settings: Settings, room: list[str] | None, seconds: float | None, json: bool, text: str | None
) -> None:
    from node.call import build
    from node.vision.people.identity import introduced

    role, piped = build.ROLES[kind], is_piped(text)
    settings = introduced(settings) if role.sends and not (json or piped) else settings
    options.run(run(settings, options.joined(room), role, seconds, json, piped))


async def run(
    settings: Settings, room: str | None, role: Role, seconds: float | None, json: bool, piped: bool = False
) -> bool:
    """Call until the seconds are over or the user ends it, then print the summary. The room is as for `rooms.resolve`.

    Returns whether it was a call: peers that were met and could not be spoken with, one and all, are none, unless the
    chat is what it was for; nor is one whose broker was not reached in these seconds.

    A chat that is `piped` has standard output for itself, and what else there is to say goes to standard error.
    The models begin to load before anything else is done: they take the longest.
    """
    from node.call import build

    notes = BufferedNotes()
    async with build.running_models(build.worker(settings, role), notes) as models:
        summary, reached = await _call(settings, room, role, models, notes, seconds, json, piped)
    write = writer(on_error=piped and role.receives)
    for line in [as_json(summary)] if json else for_people(summary):
        write(line)
    return reached and (piped or not failed(summary))


async def _call(
    settings: Settings,
    room: str | None,
    role: Role,
    models: Models,
    notes: BufferedNotes,
    seconds: float | None,
    json: bool,
    piped: bool,
) -> tuple[Summary, bool]:
    from node import rooms
    from node.call import build, hooks, speech_models
    from node.call.node import Node
    from node.web import setup as web

    settings = web.with_browser_defaults(settings, role.sends)
    resolved = rooms.resolve(room, settings)
    place = replace(build.build_rendezvous(settings, resolved), waits=build.waits(settings))
    page = web.page_from_settings(settings, role.kind, notes, room=resolved)
    kept = build.keeper(settings.pictures, notes)
    screen = build.screen(kept) if page is None else page.screen(build.screen(kept))
    codecs = await asyncio.to_thread(shipped_codecs)
    async with CaptionProcess(codecs) as captions, speech_models.running(settings, role, notes) as words:
        given = (settings, role, models, notes, page, captions, words)
        parts, remarks = await asyncio.to_thread(build.build_endpoints, *given)
        header = await asyncio.to_thread(provenance.recording_header, settings, role, codecs.codebooks())
        node = Node(settings.name, place, parts, show=build.gallery(kept), screen=screen, note=notes)
        for remark in filter(None, (*remarks, resolved.note, *login.remarks(settings, place.broker))):
            notes(remark)
        with choose([view(node)], quiet=json or (piped and role.receives)) as display:
            notes.to(display)
            with (
                hooks.running(settings, node, resolved.shown, notes),
                recording_control(node, settings, header, notes, resolved.secret) as recorder,
                conversing(node, recorder, display, notes, role, piped, by_page=page is not None) as (sources, refresh),
            ):
                async with web.serving(page, notes, node):
                    await run_together([node, *sources], seconds, refresh)
    return summarise(tally := node.count(), tally, time.monotonic()), was_reached(node.room.channel.link, seconds)
