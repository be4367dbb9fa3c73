"""Where a replay goes: the terminal, a room, or a browser's page, with the terminal's keys in all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from node import rooms
from node.call import build
from node.call.observers import CallObserver, ChatLine, Observers
from node.common import signals
from node.links import login
from node.recording.participants import Attendance
from node.recording.timecode import format_time
from node.replay.into_room import replay_into_room
from node.replay.pictures import RecordedPicture, cached, session_painter
from node.replay.player import PlaybackOptions, Player
from node.speech.devices import open_sink
from node.terminal import keyboard
from node.terminal.replay_status import Screen, choose
from node.terminal.status import BufferedNotes
from node.web.page_observers import ReplayFeeder
from node.web.replay_audio import ReplayAudio
from node.web.setup import page_from_settings, served

if TYPE_CHECKING:
    from node.commands.options import ReplayOptions
    from node.common.config import Settings
    from node.recording.reader import SessionReader
    from node.speech.audio_io import Sink
    from node.web.page import Page
    from protocol.captions.registry import CaptionCodecs

JUMP_S = 5.0
HELP = "space pauses, the arrows go 5 s back and on, q ends"


async def play_in_terminal(
    session: SessionReader, codecs: CaptionCodecs, asked: ReplayOptions, settings: Settings, notes: BufferedNotes
) -> None:
    roster = Attendance(session)
    sink, remark = open_sink(settings.speaker, note=notes)
    if remark:
        notes(remark)
    async with contextlib.AsyncExitStack() as stack:
        paint = keep = None
        if settings.pictures is not None:
            keep = build.gallery(build.keeper(settings.pictures, notes))
            paint = await stack.enter_async_context(
                session_painter(session.header, asked.models, asked.generator, notes)
            )
        voices = chosen_voices(asked, roster)
        options = _playback(asked, voices, settings)
        player = Player(
            session, codecs, LineNotes(session, notes), sink, options, paint=paint, on_painted=keep, note=notes,
            on_picture=lambda picture: notes(caption(player, roster, picture)),
        )  # fmt: skip
        await play(player, notes)


async def play_into_room(
    session: SessionReader, codecs: CaptionCodecs, asked: ReplayOptions, settings: Settings, notes: BufferedNotes
) -> None:
    roster = Attendance(session)
    resolved = rooms.resolve(asked.into, settings)
    voices, place = chosen_voices(asked, roster), build.build_rendezvous(settings, resolved)
    sink, _ = open_sink(settings.speaker or "none", note=notes)
    for warning in filter(None, (resolved.note, *login.remarks(settings, place.broker))):
        notes(warning)
    await asyncio.to_thread(build.preload, codecs)
    async with replay_into_room(roster, session.header.node, place, codecs, voices or (), notes) as replay:

        def send(picture: RecordedPicture) -> None:
            replay.picture(picture)
            notes(caption(player, roster, picture))

        options = PlaybackOptions(asked.start, asked.end, loop=asked.loop, voices=voices, lyra_folder=settings.lyra)
        shown = Observers(replay, LineNotes(session, notes))
        player = Player(session, codecs, shown, sink, options, on_picture=send, note=notes)
        await play(player, notes)


def _playback(
    asked: ReplayOptions, voices: set[str] | None, settings: Settings, pause_at_end: bool = False
) -> PlaybackOptions:
    return PlaybackOptions(asked.start, asked.end, asked.speed, asked.loop, pause_at_end, voices, settings.lyra)


def chosen_voices(asked: ReplayOptions, roster: Attendance) -> set[str] | None:
    """Return the node ids of those to be heard; None for all."""
    return roster.ids(asked.who) if asked.who else None


def caption(player: Player, roster: Attendance, picture: RecordedPicture) -> str:
    """Return a picture's words as a line."""
    index = roster.index(picture.sender)
    name = picture.sender if index is None else roster.participants[index].name
    return f"{format_time(player.position_s)}  {name}: {picture.prompt.text}"


class LineNotes(CallObserver):
    """Notes the lines that were typed in a session, as a replay comes to them."""

    def __init__(self, session: SessionReader, note: Callable[[str], None]) -> None:
        self._began, self._note = session.header.started_ns / 1e9, note

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        verb = "says" if line.spoken_s else "writes"
        self._note(f"{format_time(line.at - self._began)}  {line.name} {verb}: {line.text}")


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


# -- in a browser


async def play_in_browser(
    session: SessionReader, codecs: CaptionCodecs, asked: ReplayOptions, settings: Settings, notes: BufferedNotes
) -> None:
    """Replay until the user ends it. It begins when the page is opened first, and stands still at its end.

    The machine's own loudspeaker is silent unless one is asked for. Raises UsageError, NodeError or LogError.
    """
    roster = Attendance(session)
    voices = chosen_voices(asked, roster)
    page = page_from_settings(settings.model_copy(update={"speech": None, "camera": None}), "replay", notes)
    assert page is not None, "a page was asked for"
    sink = _quiet_sink(settings, notes)

    def note(text: str) -> None:
        notes(text)
        page.state.note(text)

    def show(picture: RecordedPicture) -> None:
        feeder.caption_read(picture)
        notes(caption(player, roster, picture))

    async with contextlib.AsyncExitStack() as stack:
        paint = await stack.enter_async_context(session_painter(session.header, asked.models, asked.generator, note))
        audio = ReplayAudio(page.broadcast, sink, voices)
        feeder = ReplayFeeder(page.state, audio, session.header, codecs, paints=paint is not None)
        player = Player(
            session, codecs, Observers(feeder, LineNotes(session, notes)), audio,
            _playback(asked, voices, settings, pause_at_end=True),
            paint=None if paint is None else cached(paint), on_picture=show, on_seek=feeder.sought, note=note,
            on_painted=build.gallery(build.keeper(settings.pictures, notes)),
        )  # fmt: skip
        audio.player = player
        page.show(player, session.header.started_ns / 1e9)
        if roster.index(session.header.node) is not None:
            page.state.joined(session.header.node, session.header.name, speaks=True, shows=True)
        await stack.enter_async_context(served(page, notes, ": it begins when that is opened"))
        await _play_when_opened(page, player, notes)


def _quiet_sink(settings: Settings, notes: BufferedNotes) -> Sink:
    """Open the machine's own loudspeaker if one is asked for."""
    sink, remark = open_sink(settings.speaker or "none", note=notes)
    if remark:
        notes(remark)
    return sink


async def _play_when_opened(page: Page, player: Player, notes: BufferedNotes) -> None:
    async def begin() -> None:
        await page.state.events.opened.wait()
        if player.position_s == player.start_s:
            player.resume()
            page.state.send_replay()

    player.pause()
    async with asyncio.TaskGroup() as group:
        beginning = group.create_task(begin(), name="begin when the page is opened")
        try:
            await play(player, notes)
        finally:
            beginning.cancel()
