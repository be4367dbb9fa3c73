"""What `talk` and `listen` run: a node on stage with what hands it on, and a node that listens."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from node.captions.coder import shipped_codecs
from node.captions.coding_process import CaptionProcess
from node.commands.call_lines import QUIT_KEY, RECORD_KEY, conversing, quit_call
from node.common.output import writer
from node.common.qr_code import terminal_lines
from node.common.tasks import Runnable, run_together
from node.links import login
from node.recording import provenance
from node.recording.control import recording_control
from node.terminal import keyboard
from node.terminal.conversation import Conversation, LinePipe
from node.terminal.status import BufferedNotes, choose, view
from node.terminal.summary import Summary, as_json, for_people, summarise
from protocol.room_secret import SECRET_BYTES, RoomSecret

if TYPE_CHECKING:
    from node.call.build import Role
    from node.call.endpoints import Models, Rendezvous
    from node.call.node import Node
    from node.call.stage_relay import StageRelay
    from node.common.config import Settings
    from node.recording.control import RecordingControl
    from node.rooms.audience_store import SavedAudience
    from node.terminal.status import CallDisplay
    from protocol.audience.audience_link import AudienceLink

TO_AUDIENCE = "to the audience"
SENDS_NOTHING = f"a listener sends nothing; /record [FILE] and /stop, {QUIT_KEY} or /quit"


async def talk(
    settings: Settings,
    saved: SavedAudience,
    link: AudienceLink,
    stage: str | None,
    seconds: float | None,
    json: bool,
    piped: bool,
) -> bool:
    """Speak until the seconds are over or the user ends it, then print the summary."""
    from node.call import build

    role, notes = build.SEND if stage is None else build.CALL, BufferedNotes()
    async with build.running_models(build.worker(settings, role), notes) as models:
        summary, relay = await _talk(settings, saved, link, stage, role, models, notes, seconds, json, piped)
    counts, write = relay.counts, writer(on_error=piped and role.receives)
    for line in [as_json(summary)] if json else for_people(summary):
        write(line)
    if not json:
        write(
            f"audience  {counts.speech} messages of speech ({counts.speech_kbps:.1f} kbit/s on the wire), "
            f"{counts.pictures} pictures and {counts.lines} lines sent; {counts.dropped} messages of speech dropped, "
            "for which the way to the broker was too slow"
        )
    return True


async def _talk(
    settings: Settings,
    saved: SavedAudience,
    link: AudienceLink,
    stage: str | None,
    role: Role,
    models: Models,
    notes: BufferedNotes,
    seconds: float | None,
    json: bool,
    piped: bool,
) -> tuple[Summary, StageRelay]:
    from node.call import build, hooks
    from node.call.node import Node
    from node.call.stage_membership import SoloMembership, StageMembership
    from node.web import setup as web
    from node.web.invitation import invitation_by

    settings = web.with_browser_defaults(settings, role.sends)
    place, remarks = _place(settings, stage)
    page = web.page_from_settings(settings, role.kind, notes)
    if page is not None:
        page.state.invitation = invitation_by(link.reveal(), settings.broker)
    kept = build.keeper(settings.pictures, notes)
    show, screen = build.gallery(kept), build.screen(kept)
    screen = screen if page is None else page.screen(screen)
    member = SoloMembership if stage is None else StageMembership
    async with CaptionProcess(shipped_codecs()) as captions:
        parts, more = await asyncio.to_thread(build.build_endpoints, settings, role, models, notes, page, captions)
        header = await asyncio.to_thread(provenance.recording_header, settings, role, captions.codecs.codebooks())
        node = Node(settings.name, place, parts, show=show, screen=screen, note=notes, member=member)
        relay = _relay(node, saved, place, settings, notes)
        with choose([view(node)], quiet=json or (piped and role.receives)) as display:
            notes.to(display)
            for remark in (*more, *remarks):
                notes(remark)
            _show_link(notes, link)
            with (
                hooks.running(settings, node, saved.name, notes),
                recording_control(node, settings, header, notes, place.room) as recorder,
                conversing(node, recorder, display, notes, role, piped, TO_AUDIENCE) as (sources, refresh),
            ):
                async with web.serving(page, notes, node):
                    await run_together([node, relay, *sources], seconds, refresh)
    tally = node.count()
    return summarise(tally, tally, time.monotonic()), relay


def _place(settings: Settings, stage: str | None) -> tuple[Rendezvous, list[str]]:
    """Return where the stage is, in a room or in none, and remarks on it."""
    from node import rooms
    from node.call import build

    nowhere = rooms.ResolvedRoom(RoomSecret.random(secrets.token_bytes(SECRET_BYTES)))
    resolved = nowhere if stage is None else rooms.resolve(stage, settings)
    place = replace(build.build_rendezvous(settings, resolved), waits=build.waits(settings))
    remarks = [*([resolved.note] if resolved.note else []), *login.remarks(settings, place.broker)]
    return place, remarks


def _relay(
    node: Node, saved: SavedAudience, place: Rendezvous, settings: Settings, note: Callable[[str], None]
) -> StageRelay:
    """Return what hands on to the audience, at the broker of the settings, what the node observes."""
    from node.call.stage_membership import SoloMembership
    from node.call.stage_relay import StageRelay
    from protocol.audience.stage import Stage

    codebooks = [(codebook.id, codebook.hash) for codebook in shipped_codecs().codebooks()]
    stage = Stage(saved.key, saved.chain(), [node.name], secrets.randbits(64), codebooks)
    room = node.room

    def came_up(is_up: bool) -> None:
        if isinstance(room, SoloMembership):
            room.broker_is_up = is_up

    relay = StageRelay(
        stage,
        node.id,
        node.name,
        login.broker_address(settings),
        note=note,
        meter=node.count().meter,
        waits=place.waits,
        came_up=came_up,
    )
    node.observers.add(relay)
    return relay


def _show_link(notes: BufferedNotes, link: AudienceLink) -> None:
    notes(f"to listen: pictophone listen {link.reveal()}")
    notes.draw(terminal_lines(link.reveal()))


async def listen(
    settings: Settings, link: AudienceLink, remark: str, seconds: float | None, json: bool, piped: bool
) -> bool:
    """Listen until the seconds are over or the user ends it, then print the summary."""
    from node.call import build

    notes = BufferedNotes()
    async with build.running_models(build.worker(settings, build.RECEIVE), notes) as models:
        summary = await _listen(settings, link, remark, models, notes, seconds, json, piped)
    write = writer(on_error=piped)
    for line in [as_json(summary)] if json else for_people(summary):
        write(line)
    return True


async def _listen(
    settings: Settings,
    link: AudienceLink,
    remark: str,
    models: Models,
    notes: BufferedNotes,
    seconds: float | None,
    json: bool,
    piped: bool,
) -> Summary:
    from node.call import build, hooks
    from node.call.node import Node
    from node.call.seat_membership import SeatMembership
    from node.rooms import ResolvedRoom
    from node.web import setup as web
    from node.web.audience_page import watching
    from protocol.audience.seat import Seat

    settings = web.with_browser_defaults(settings, sends=False)
    place = build.build_rendezvous(settings, ResolvedRoom(RoomSecret(link.secret), link.broker))
    place = replace(place, waits=build.waits(settings))
    page = web.page_from_settings(settings, "receive", notes)
    kept = build.keeper(settings.pictures, notes)
    show, screen = build.gallery(kept), build.screen(kept)
    screen = screen if page is None else page.screen(screen)
    seat = await asyncio.to_thread(Seat, link, round(time.time() * 1000))
    async with CaptionProcess(shipped_codecs()) as captions:
        role = build.RECEIVE
        parts, more = await asyncio.to_thread(build.build_endpoints, settings, role, models, notes, page, captions)
        header = await asyncio.to_thread(provenance.recording_header, settings, role, captions.codecs.codebooks())
        member = partial(SeatMembership, seat=seat)
        node = Node(settings.name, place, parts, show=show, screen=screen, note=notes, member=member)
        for line in filter(None, (*more, remark, *login.remarks(settings, place.broker))):
            notes(line)
        with choose([view(node)], quiet=json or piped) as display:
            notes.to(display)
            with (
                hooks.running(settings, node, link.audience, notes),
                recording_control(node, settings, header, notes, place.room) as recorder,
                _following(node, recorder, display, notes, piped) as (sources, refresh),
            ):
                async with watching(page, notes, node, link):
                    await run_together([node, *sources], seconds, refresh)
    tally = node.count()
    return summarise(tally, tally, time.monotonic())


@contextmanager
def _following(
    node: Node, recording: RecordingControl, display: CallDisplay, note: Callable[[str], None], piped: bool
) -> Iterator[tuple[list[Runnable], Callable[[], None]]]:
    """Show the lines of the stage, and take the keys of a listener, for the length of the context."""
    conversation = Conversation(display.say)
    node.observers.add(conversation)
    if piped:
        node.observers.add(LinePipe())
        yield [], display.refresh
        return
    actions = {RECORD_KEY: recording.toggle, QUIT_KEY: quit_call}
    with keyboard.listening(actions, lambda line: run_line(recording, line, note), display.typing) as typing:
        if typing:
            note(f"{RECORD_KEY} records, {QUIT_KEY} ends it")
        yield [], display.refresh


def run_line(recording: RecordingControl, line: str, note: Callable[[str], None]) -> None:
    """Run the command that a listener typed."""
    command, _, rest = line.strip().partition(" ")
    match command:
        case "":
            pass
        case "/record":
            recording.start(Path(rest.strip()) if rest.strip() else None)
        case "/stop":
            recording.stop()
        case "/quit":
            quit_call()
        case _:
            note(SENDS_NOTHING)
