"""The command `replay`: a session in the terminal, or into a room."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from node import rooms
from node.call import build
from node.call.observers import CallObserver
from node.common import signals
from node.common.tasks import first_error
from node.links import login
from node.recording.reader import Session
from node.recording.roster import Attendance
from node.recording.timecode import clock
from node.replay.haunting import replay_into_room
from node.replay.models import painter
from node.replay.pictures import RecordedPicture
from node.replay.player import Player
from node.replay.tempo import FASTEST, SLOWEST
from node.speech.devices import open_sink
from node.terminal import keyboard
from node.terminal.replay_status import Screen, choose
from node.terminal.status import BufferedNotes
from node.web.page_address import OFF
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings

JUMP_S = 5.0
HELP = "space pauses, the arrows go 5 s back and on, q ends"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How to replay: times in seconds, names of those to be heard (none: all), and a room to replay into."""

    start: float = 0.0
    end: float | None = None
    speed: float = 1.0
    loop: bool = False
    who: tuple[str, ...] = ()
    models: str | None = None
    generator: str | None = None
    into: str | None = None


async def run(file: Path, secret: bytes | None, asked: ReplayOptions, settings: Settings) -> bool:
    """Replays until the end, or until the user ends it. Raises UsageError, NodeError or LogError."""
    if not SLOWEST <= asked.speed <= FASTEST:
        raise UsageError(f"--speed {asked.speed:g} is not between {SLOWEST:g} and {FASTEST:g}")
    on_page = settings.page not in (None, OFF)
    if asked.into is not None and on_page:
        raise UsageError("--as replays into a room, --page in a browser: give one of them, or --page off")
    if asked.into is not None and asked.speed != 1:
        raise UsageError("--as replays at speed 1: what is sent are the recorded packets; leave --speed out")
    with Session.open(file, secret) as session:
        if asked.start >= session.duration_s > 0:
            raise UsageError(f"--from {clock(asked.start)} is after the session's end, {clock(session.duration_s)}")
        notes = BufferedNotes()
        for remark in session.remarks:
            notes(remark)
        with first_error():
            if asked.into is not None:
                await _into_a_room(session, asked, settings, notes)
            elif on_page:
                from node.commands import in_browser

                await in_browser.run(session, asked, settings, notes)
            else:
                await _here(session, asked, settings, notes)
    return True


async def _here(session: Session, asked: ReplayOptions, settings: Settings, notes: BufferedNotes) -> None:
    roster = Attendance(session)
    sink, remark = open_sink(settings.speaker, note=notes)
    if remark:
        notes(remark)
    async with contextlib.AsyncExitStack() as stack:
        paint = keep = None
        if settings.pictures is not None:
            keep = build.gallery(build.keeper(settings.pictures, notes))
            paint = await stack.enter_async_context(painter(session.header, asked.models, asked.generator, notes))
        player = Player(
            session, CallObserver(), sink, paint=paint, start=asked.start, end=asked.end, speed=asked.speed,
            loop=asked.loop,
            voices=chosen_voices(asked, roster), lyra_folder=settings.lyra, note=notes, keep=keep,
            told=lambda told: notes(caption(player, roster, told)),
        )  # fmt: skip
        await play(player, notes)


async def _into_a_room(session: Session, asked: ReplayOptions, settings: Settings, notes: BufferedNotes) -> None:
    roster = Attendance(session)
    resolved = rooms.resolve(asked.into, settings)
    voices, place = chosen_voices(asked, roster), build.build_rendezvous(settings, resolved)
    sink, _ = open_sink(settings.speaker or "none", note=notes)
    for warning in filter(None, (resolved.note, *login.remarks(settings, place.broker))):
        notes(warning)
    await asyncio.to_thread(build.preload)
    async with replay_into_room(roster, session.header.node, place, voices or (), notes) as haunting:

        def told(told: RecordedPicture) -> None:
            haunting.told(told)
            notes(caption(player, roster, told))

        player = Player(
            session, haunting, sink, start=asked.start, end=asked.end, loop=asked.loop, voices=voices,
            lyra_folder=settings.lyra, told=told, note=notes,
        )  # fmt: skip
        await play(player, notes)


def chosen_voices(asked: ReplayOptions, roster: Attendance) -> set[str] | None:
    """Return the node ids of those to be heard; None for all."""
    return roster.ids(asked.who) if asked.who else None


def caption(player: Player, roster: Attendance, told: RecordedPicture) -> str:
    """Return a picture's words as a line."""
    place = roster.place(told.sender)
    name = told.sender if place is None else roster.members[place].name
    return f"{clock(player.position_s)}  {name}: {told.prompt.text}"


async def play(player: Player, notes: BufferedNotes) -> None:
    """Play until the end, or until the user ends it; the keyboard is heard meanwhile."""
    stop = asyncio.Event()
    actions = {
        " ": player.toggle,
        keyboard.LEFT: lambda: player.seek(player.position_s - JUMP_S),
        keyboard.RIGHT: lambda: player.seek(player.position_s + JUMP_S),
        "q": stop.set,
    }
    with choose(player) as screen, signals.stopping(stop.set):
        notes.to(screen)
        with keyboard.listening(actions) as typing:
            if typing:
                notes(HELP)
            await _until(player, stop, screen)


async def _until(player: Player, stop: asyncio.Event, screen: Screen) -> None:
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(player.run(), name="player")
        stopping = group.create_task(stop.wait(), name="stop")
        while not (playing.done() or stopping.done()):
            screen.refresh()
            await asyncio.wait([playing, stopping], timeout=screen.EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        playing.cancel()
        stopping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await playing
