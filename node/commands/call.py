"""The commands `call`, `send` and `receive`: one node in a room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from node.captions.coder import shipped_codecs
from node.captions.coding_process import CaptionProcess
from node.commands import options
from node.common.output import say
from node.common.tasks import run_together
from node.links import login
from node.recording import provenance
from node.recording.control import recording_control
from node.terminal import keyboard
from node.terminal.status import BufferedNotes, choose, view
from node.terminal.summary import Summary, as_json, for_people, summarise
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.call.build import Role
    from node.call.endpoints import Models
    from node.call.node import Node
    from node.common.config import Settings
    from node.recording.control import RecordingControl

MUTE_KEY = "m"
RECORD_KEY = "r"
LINE_HELP = "type /profile NAME [OPTION=VALUE ...] to change how speech is sent, /record FILE and /stop to record"

app = options.group()


@options.command(app, *options.CALL)
def call(
    settings: Settings,
    room: options.Room = None,
    seconds: options.Seconds = None,
    json: options.Summary = False,
) -> None:
    """Talk with everyone in a room: speech and pictures, both ways."""
    _start("call", settings, room, seconds, json)


@options.command(app, *options.SEND)
def send(
    settings: Settings,
    room: options.Room = None,
    seconds: options.Seconds = None,
    json: options.Summary = False,
) -> None:
    """Send speech and pictures to a room, and receive nothing."""
    _start("send", settings, room, seconds, json)


@options.command(app, *options.RECEIVE)
def receive(
    settings: Settings,
    room: options.Room = None,
    seconds: options.Seconds = None,
    json: options.Summary = False,
) -> None:
    """Hear and see a room, and send nothing."""
    _start("receive", settings, room, seconds, json)


def _start(kind: str, settings: Settings, room: list[str] | None, seconds: float | None, json: bool) -> None:
    from node.call import build
    from node.vision.people.identity import introduced

    role = build.ROLES[kind]
    settings = introduced(settings) if role.sends and not json else settings
    options.run(run(settings, options.joined(room), role, seconds, json))


async def run(settings: Settings, room: str | None, role: Role, seconds: float | None, json: bool) -> bool:
    """Call until the seconds are over or the user ends it, then print the summary. The room is as for `rooms.resolve`.

    The models begin to load before anything else is done: they take the longest.
    """
    from node.call import build

    notes = BufferedNotes()
    async with build.running_models(build.worker(settings, role), notes) as models:
        summary = await _call(settings, room, role, models, notes, seconds, quiet=json)
    say(*([as_json(summary)] if json else for_people(summary)))
    return True


async def _call(
    settings: Settings,
    room: str | None,
    role: Role,
    models: Models,
    notes: BufferedNotes,
    seconds: float | None,
    quiet: bool,
) -> Summary:
    from node import rooms
    from node.call import build
    from node.call.node import Node
    from node.web import setup as web

    settings = web.with_browser_defaults(settings, role.sends)
    resolved = rooms.resolve(room, settings)
    place = replace(build.build_rendezvous(settings, resolved), waits=build.waits(settings))
    page = web.page_from_settings(settings, role.kind, notes, room=resolved)
    warnings = [resolved.note, *login.remarks(settings, place.broker)]
    kept = build.keeper(settings.pictures, notes)
    show, screen = build.gallery(kept), build.screen(kept)
    screen = screen if page is None else page.screen(screen)
    async with CaptionProcess(shipped_codecs()) as captions:
        parts, remarks = await asyncio.to_thread(build.build_endpoints, settings, role, models, notes, page, captions)
        header = await asyncio.to_thread(provenance.recording_header, settings, role, captions.codecs.codebooks())
        node = Node(settings.name, place, parts, show=show, screen=screen, note=notes)
        for remark in filter(None, (*remarks, *warnings)):
            notes(remark)
        with choose([view(node)], quiet=quiet) as display:
            notes.to(display)
            with recording_control(node, settings, header, notes, resolved.secret) as recorder:
                actions = {MUTE_KEY: node.toggle_mute, RECORD_KEY: recorder.toggle}
                with keyboard.listening(actions, lambda line: run_line(node, recorder, line, notes)) as typing:
                    if typing:
                        notes(_help(role))
                    async with web.serving(page, notes, node):
                        await run_together([node], seconds, display.refresh)
    tally = node.count()
    return summarise(tally, tally, time.monotonic())


def _help(role: Role) -> str:
    mute = f"type {MUTE_KEY} to mute yourself, and again to be heard; " if role.sends else ""
    return f"{mute}{RECORD_KEY} to record, and again to end that; {LINE_HELP}"


# -- lines typed while a call runs


def run_line(node: Node, recording: RecordingControl, line: str, note: Callable[[str], None]) -> None:
    """Run a line that was typed during a call: how speech is sent, or a recording. Note what is wrong with it."""
    command, _, rest = line.strip().partition(" ")
    match command:
        case "":
            return
        case "/record":
            recording.start(Path(rest.strip()) if rest.strip() else None)
        case "/stop":
            recording.stop()
        case _:
            _change_profile(node, line, note)


def _change_profile(node: Node, line: str, note: Callable[[str], None]) -> None:
    from node.speech import profile_options

    if profile_options.is_auto_command(line):
        node.follow_the_link()
        return
    try:
        profile = profile_options.parse_profile_command(line)
    except UsageError as error:
        note(str(error))
        return
    if profile is None:
        note(LINE_HELP)
    else:
        node.change(profile)
