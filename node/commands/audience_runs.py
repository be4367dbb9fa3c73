"""What `talk` and `listen` run: a node on stage with what hands it on, and a node that listens."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from node.captions.coder import CaptionCoder, shipped_codecs
from node.captions.coding_process import CaptionProcess
from node.commands.call_lines import QUIT_KEY, RECORD_KEY, conversing, quit_call, was_reached
from node.common.output import writer
from node.common.qr_code import terminal_lines
from node.common.tasks import run_together
from node.links import login
from node.recording import provenance
from node.recording.control import recording_control
from node.terminal import keyboard
from node.terminal.conversation import Conversation, LinePipe
from node.terminal.status import BufferedNotes, choose, view
from node.terminal.summary import as_json, for_people, summarise
from protocol.room_secret import SECRET_BYTES, RoomSecret

if TYPE_CHECKING:
    from node.call.build import Role
    from node.call.endpoints import Models, Rendezvous
    from node.call.node import Node
    from node.call.speech_models import SpeechModels
    from node.call.stage_relay import StageRelay
    from node.common.config import Settings
    from node.links.mqtt import MqttLink
    from node.recording.control import RecordingControl
    from node.rooms.audience_store import SavedAudience
    from node.terminal.status import CallDisplay
    from node.web.page import Page
    from protocol import log
    from protocol.audience.audience_link import AudienceLink

TO_AUDIENCE = "to the audience"
SENDS_NOTHING = f"a listener sends nothing; /record [FILE] and /stop, {QUIT_KEY} or /quit"


@dataclass(frozen=True, slots=True)
class Asked:
    """How long it lasts, and what is printed: a summary for a program, the lines for a script."""

    seconds: float | None = None
    json: bool = False
    piped: bool = False


async def talk(settings: Settings, saved: SavedAudience, link: AudienceLink, stage: str | None, asked: Asked) -> bool:
    """Speak until the seconds are over or the user ends it, then print the summary. `stage` is a room, or None."""
    from node.call import build

    role, notes = build.SEND if stage is None else build.CALL, BufferedNotes()
    async with build.running_models(build.worker(settings, role), notes) as models:
        relay = await _talk(settings, saved, link, stage, role, models, notes, asked)
    counts = relay.counts
    if not asked.json:
        writer(on_error=asked.piped and role.receives)(
            f"audience  {counts.speech} messages of speech ({counts.speech_kbps:.1f} kbit/s on the wire), "
            f"{counts.pictures} pictures and {counts.lines} lines sent; {counts.dropped} messages of speech dropped, "
            "for which the broker was away, or the way to it too slow"
        )
    return was_reached(relay.link, asked.seconds)


async def _talk(
    settings: Settings,
    saved: SavedAudience,
    link: AudienceLink,
    stage: str | None,
    role: Role,
    models: Models,
    notes: BufferedNotes,
    asked: Asked,
) -> StageRelay:
    from node.call import hooks, speech_models
    from node.call.stage_membership import SoloMembership, StageMembership, relay_of
    from node.web import setup as web
    from node.web.audience_page import invite

    settings = web.with_browser_defaults(settings, role.sends)
    place, remarks = _place(settings, stage)
    page = web.page_from_settings(settings, role.kind, notes)
    if page is not None:
        invite(page, link, settings.broker)
    member, quiet = SoloMembership if stage is None else StageMembership, asked.piped and role.receives
    async with CaptionProcess(shipped_codecs()) as captions, speech_models.running(settings, role, notes) as words:
        node, header, more = await _node(settings, role, place, models, notes, page, captions, words, member)
        given = (node, saved.key, saved.chain(), captions.codecs, login.broker_address(settings))
        relay = relay_of(*given, note=notes, waits=place.waits)
        with choose([view(node)], quiet=asked.json or quiet) as display:
            notes.to(display)
            _note_all(notes, *more, *remarks, f"to listen: pictophone listen {link.reveal()}")
            notes.draw(terminal_lines(link.reveal()))
            with (
                hooks.running(settings, node, saved.name, notes),
                recording_control(node, settings, header, notes, room=None) as recorder,
                conversing(node, recorder, display, notes, role, asked.piped, TO_AUDIENCE, page is not None) as talking,
            ):
                sources, refresh = talking
                async with web.serving(page, notes, node):
                    await run_together([node, relay, *sources], asked.seconds, refresh)
    _sum_up(node, asked.json, quiet, relay.counts.dropped)
    return relay


def _place(settings: Settings, stage: str | None) -> tuple[Rendezvous, list[str | None]]:
    """Return where the stage is, in a room or in none, and remarks on it."""
    from node import rooms
    from node.call import build

    nowhere = rooms.ResolvedRoom(RoomSecret.random(secrets.token_bytes(SECRET_BYTES)))
    resolved = nowhere if stage is None else rooms.resolve(stage, settings)
    place = replace(build.build_rendezvous(settings, resolved), waits=build.waits(settings))
    return place, [resolved.note, *login.remarks(settings, place.broker)]


async def listen(settings: Settings, link: AudienceLink, remark: str, asked: Asked) -> bool:
    """Listen until the seconds are over or the user ends it, then print the summary."""
    from node.call import build

    notes = BufferedNotes()
    async with build.running_models(build.worker(settings, build.RECEIVE), notes) as models:
        broker = await _listen(settings, link, remark, models, notes, asked)
    return was_reached(broker, asked.seconds)


async def _listen(
    settings: Settings, link: AudienceLink, remark: str, models: Models, notes: BufferedNotes, asked: Asked
) -> MqttLink:
    """Run the listener until its end, and return its link to the broker."""
    from node.call import build, hooks, speech_models
    from node.call.seat_membership import SeatMembership
    from node.rooms import ResolvedRoom
    from node.web import setup as web
    from node.web.audience_page import watching
    from protocol.audience.seat import Seat

    settings, role = web.with_browser_defaults(settings, sends=False), build.RECEIVE
    place = build.build_rendezvous(settings, ResolvedRoom(RoomSecret(link.secret), link.broker))
    place = replace(place, waits=build.waits(settings))
    page = web.page_from_settings(settings, role.kind, notes)
    seat = await asyncio.to_thread(Seat, link, round(time.time() * 1000))
    async with CaptionProcess(shipped_codecs()) as captions, speech_models.running(settings, role, notes) as words:
        member = partial(SeatMembership, seat=seat)
        node, header, more = await _node(settings, role, place, models, notes, page, captions, words, member)
        with choose([view(node)], quiet=asked.json or asked.piped) as display:
            notes.to(display)
            _note_all(notes, *more, remark, *login.remarks(settings, place.broker))
            with (
                hooks.running(settings, node, link.audience, notes),
                recording_control(node, settings, header, notes, room=None) as recorder,
                _following(node, recorder, display, notes, asked.piped) as refresh,
            ):
                async with watching(page, notes, node, link):
                    await run_together([node], asked.seconds, refresh)
    _sum_up(node, asked.json, asked.piped)
    assert isinstance(node.room, SeatMembership)
    return node.room.link


async def _node(
    settings: Settings,
    role: Role,
    place: Rendezvous,
    models: Models,
    notes: BufferedNotes,
    page: Page | None,
    captions: CaptionCoder,
    words: SpeechModels,
    member: Callable[..., Any],
) -> tuple[Node, log.Header, list[str]]:
    """Build the node of this membership; return it with the header of its recordings and remarks on it."""
    from node.call import build
    from node.call.node import Node

    kept = build.keeper(settings.pictures, notes)
    show, screen = build.gallery(kept), build.screen(kept)
    screen = screen if page is None else page.screen(screen)
    given = (settings, role, models, notes, page, captions, words)
    parts, remarks = await asyncio.to_thread(build.build_endpoints, *given)
    header = await asyncio.to_thread(provenance.recording_header, settings, role, captions.codecs.codebooks())
    return Node(settings.name, place, parts, show=show, screen=screen, note=notes, member=member), header, remarks


def _note_all(notes: BufferedNotes, *lines: str | None) -> None:
    for line in filter(None, lines):
        notes(line)


def _sum_up(node: Node, json: bool, on_error: bool, dropped: int = 0) -> None:
    """Print the summary; `dropped` messages of speech did not leave for the audience."""
    tally, write = node.count(), writer(on_error=on_error)
    tally.broker_speech_dropped += dropped
    summary = summarise(tally, tally, time.monotonic())
    for line in [as_json(summary)] if json else for_people(summary):
        write(line)


@contextmanager
def _following(
    node: Node, recording: RecordingControl, display: CallDisplay, note: Callable[[str], None], piped: bool
) -> Iterator[Callable[[], None]]:
    """Show the lines of the stage, and take the keys of a listener, for the length of the context."""
    node.observers.add(Conversation(display.say))
    if piped:
        node.observers.add(LinePipe())
        yield display.refresh
        return
    actions = {RECORD_KEY: recording.toggle, QUIT_KEY: quit_call}
    with keyboard.listening(actions, lambda line: run_line(recording, line, note), display.typing) as typing:
        if typing:
            note(f"{RECORD_KEY} records, {QUIT_KEY} ends it")
        yield display.refresh


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
