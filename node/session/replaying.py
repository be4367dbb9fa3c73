"""The command `replay`: a session in the terminal, or into a room."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from node import keys, meeting, opening, rooms
from node.common import signals
from node.display import LateNotes
from node.session.haunting import haunted
from node.session.models import painter
from node.session.painting import Told
from node.session.player import Player
from node.session.reader import Session
from node.session.roster import Roster
from node.session.screen import Screen, choose
from node.session.tempo import FASTEST, SLOWEST
from node.session.times import clock
from node.speech.sinks import open_sink
from node.tasks import first_error
from node.web.address import OFF
from node.witness import Witness
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.config import Settings

JUMP_S = 5.0
HELP = "space pauses, the arrows go 5 s back and on, q ends"


@dataclass(frozen=True, slots=True)
class Asked:
    """How to replay: times in seconds, names of those to be heard (none: all), and a room to replay into."""

    start: float = 0.0
    end: float | None = None
    speed: float = 1.0
    loop: bool = False
    who: tuple[str, ...] = ()
    models: str | None = None
    generator: str | None = None
    into: str | None = None


async def run(file: Path, secret: bytes | None, asked: Asked, settings: Settings) -> bool:
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
        notes = LateNotes()
        for remark in session.remarks:
            notes(remark)
        with first_error():
            if asked.into is not None:
                await _into_a_room(session, asked, settings, notes)
            elif on_page:
                from node.session import in_browser

                await in_browser.run(session, asked, settings, notes)
            else:
                await _here(session, asked, settings, notes)
    return True


async def _here(session: Session, asked: Asked, settings: Settings, notes: LateNotes) -> None:
    roster = Roster(session)
    sink, remark = open_sink(settings.speaker, note=notes)
    if remark:
        notes(remark)
    async with contextlib.AsyncExitStack() as stack:
        paint = keep = None
        if settings.pictures is not None:
            keep = opening.gallery(opening.keeper(settings.pictures, notes))
            paint = await stack.enter_async_context(painter(session.header, asked.models, asked.generator, notes))
        player = Player(
            session, Witness(), sink, paint=paint, start=asked.start, end=asked.end, speed=asked.speed, loop=asked.loop,
            voices=chosen_voices(asked, roster), lyra_folder=settings.lyra, note=notes, keep=keep,
            told=lambda told: notes(caption(player, roster, told)),
        )  # fmt: skip
        await play(player, notes)


async def _into_a_room(session: Session, asked: Asked, settings: Settings, notes: LateNotes) -> None:
    roster = Roster(session)
    resolved = rooms.resolve(asked.into, settings)
    voices, place = chosen_voices(asked, roster), opening.place(settings, resolved)
    sink, _ = open_sink(settings.speaker or "none", note=notes)
    for warning in filter(None, (resolved.note, *meeting.remarks(settings, place.broker))):
        notes(warning)
    await asyncio.to_thread(opening.preload)
    async with haunted(roster, session.header.node, place, voices or (), notes) as haunting:

        def told(told: Told) -> None:
            haunting.told(told)
            notes(caption(player, roster, told))

        player = Player(
            session, haunting, sink, start=asked.start, end=asked.end, loop=asked.loop, voices=voices,
            lyra_folder=settings.lyra, told=told, note=notes,
        )  # fmt: skip
        await play(player, notes)


def chosen_voices(asked: Asked, roster: Roster) -> set[str] | None:
    """Return the node ids of those to be heard; None for all."""
    return roster.ids(asked.who) if asked.who else None


def caption(player: Player, roster: Roster, told: Told) -> str:
    """Return a picture's words as a line."""
    place = roster.place(told.sender)
    name = told.sender if place is None else roster.members[place].name
    return f"{clock(player.position_s)}  {name}: {told.prompt.text}"


async def play(player: Player, notes: LateNotes) -> None:
    """Play until the end, or until the user ends it; the keyboard is heard meanwhile."""
    stop = asyncio.Event()
    actions = {
        " ": player.toggle,
        keys.LEFT: lambda: player.seek(player.position_s - JUMP_S),
        keys.RIGHT: lambda: player.seek(player.position_s + JUMP_S),
        "q": stop.set,
    }
    with choose(player) as screen, signals.stopping(stop.set):
        notes.to(screen)
        with keys.listening(actions) as typing:
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
