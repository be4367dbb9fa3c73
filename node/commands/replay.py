"""The command `replay`: a session in the terminal, in a browser, or into a room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.captions.coder import shipped_codecs
from node.commands import options, session, session_export
from node.common.tasks import first_error
from node.recording.reader import SessionReader
from node.recording.search import place_of
from node.recording.timecode import format_time, is_time, parse_span
from node.terminal.status import BufferedNotes
from node.web.page_address import OFF
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings

app = options.group()


@options.command(
    app,
    *("speed", "start", "to", "loop", "who", "speaker", "pictures", "models", "generator", "lyra", "into"),
    *("broker", "room", *options.PAGE),
    lyra="Folder with Lyra V2's model files, for what was spoken in it.",
)
def replay(
    settings: Settings,
    file: session.File,
    speed: Annotated[float, typer.Option(help="How fast: 2 is twice as fast, at the voices' own pitch.")] = 1.0,
    start: Annotated[
        str | None,
        typer.Option("--from", help="Begin there: seconds, mm:ss or hh:mm:ss, or a WORD that is said or seen."),
    ] = None,
    to: session.To = None,
    loop: Annotated[bool, typer.Option("--loop", help="Again and again.")] = False,
    who: session_export.Who = None,
    models: session_export.Models = None,
    generator: session_export.Generator = None,
    into: Annotated[
        str | None,
        typer.Option("--as", metavar="ROOM", help="Replay into this room as if live; a room is as for `call`."),
    ] = None,
    room: session.Room = None,
) -> None:
    """Play a recorded session: what was said and seen, in its own time.

    In a terminal space pauses, the arrows go 5 s back and on, and q ends.
    """
    word = start if start is not None and not is_time(start) and any(map(str.isalpha, start)) else None
    begins, ends = parse_span(None if word else start, to)
    asked = options.ReplayOptions(begins, ends, speed, loop, tuple(who or ()), models, generator, into, word)
    options.run(run(file, session.secret(room), asked, settings))


async def run(file: Path, secret: bytes | None, asked: options.ReplayOptions, settings: Settings) -> bool:
    """Replay until the end, or until the user ends it. Raises UsageError, NodeError or LogError."""
    from node.commands import replay_targets as targets
    from node.replay.tempo import FASTEST, SLOWEST

    if not SLOWEST <= asked.speed <= FASTEST:
        raise UsageError(f"--speed {asked.speed:g} is not between {SLOWEST:g} and {FASTEST:g}")
    on_page = settings.page not in (None, OFF)
    if asked.into is not None and on_page:
        raise UsageError("--as replays into a room, --page in a browser: give one of them, or --page off")
    if asked.into is not None and asked.speed != 1:
        raise UsageError("--as replays at speed 1: what is sent are the recorded packets; leave --speed out")
    with SessionReader.open(file, secret) as session:
        if asked.word is not None:
            asked = replace(asked, start=place_of(session, file, asked.word, session.remarks))
            if asked.end is not None and asked.end <= asked.start:
                raise UsageError(f"--to is before {asked.word!r}, which comes at {format_time(asked.start)}")
        if asked.start >= session.duration_s > 0:
            raise UsageError(
                f"--from {format_time(asked.start)} is after the session's end, {format_time(session.duration_s)}"
            )
        notes = BufferedNotes()
        codecs = shipped_codecs()
        for remark in (*session.remarks, *session.missing_codebooks(codecs.codebooks())):
            notes(remark)
        with first_error():
            if asked.into is not None:
                await targets.play_into_room(session, codecs, asked, settings, notes)
            elif on_page:
                await targets.play_in_browser(session, codecs, asked, settings, notes)
            else:
                await targets.play_in_terminal(session, codecs, asked, settings, notes)
    return True
