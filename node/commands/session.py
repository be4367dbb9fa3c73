"""The commands of `session`: look into recorded calls, share them, repair them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from node import rooms
from node.captions.coder import shipped_codecs
from node.commands import options
from node.commands.session_export import ArchiveFiles, ExportedParts, archive_options, export_archive, export_one
from node.common import config
from node.common.output import remark, say
from node.recording import edit, timecode
from protocol.errors import UsageError
from protocol.log.sealing import recording_secret

app = options.group("Recorded calls: look into them, share them, repair them.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A recorded session.")]
Room = Annotated[str | None, typer.Option(help="The room it was recorded in, for a sealed session: as for `call`.")]
From = Annotated[str | None, typer.Option("--from", help="Begin there: seconds, mm:ss or hh:mm:ss.")]
To = Annotated[str | None, typer.Option("--to", help="End there.")]
Until = Annotated[str | None, typer.Option("--until", hidden=True)]
Force = Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The new session, OUT.mcap.")]


@options.command(app)
def info(
    file: File,
    grep: Annotated[
        str | None, typer.Option(metavar="WORD", help="Only when these words were said, typed or seen.")
    ] = None,
    room: Room = None,
    json: options.Json = False,
) -> None:
    """Tell who was in a session, when, how long, what it weighs, what was lost, and its captions."""
    from node.recording import info as about

    say(*about.info_lines(file, shipped_codecs().codebooks(), secret(room), json, grep))


@options.command(app)
def recover(
    file: File,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The new file; by default FILE-recovered.mcap.")
    ] = None,
    room: Room = None,
) -> None:
    """Make a whole session of a damaged one, or of one whose recording was cut off."""
    for line in edit.recover(file, output, secret(room)):
        say(line)


ExportOutput = Annotated[
    Path | None, typer.Option("--output", "-o", help="OUT.mp4, .webm, .opus, .srt, .html or .jsonl of one session.")
]


@options.command(app)
def export(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="A recorded session; with --to-dir many, and folders.")
    ],
    parts: ExportedParts,
    archive: ArchiveFiles,
    output: ExportOutput = None,
    start: From = None,
    to: To = None,
    until: Until = None,
    room: Room = None,
) -> None:
    """Make a video, a sound, subtitles, a page that plays by itself, or JSON lines of a session, or of many."""
    archive.check(files, output, room)
    parts.check_models()
    if archive.to_dir is not None:
        begins, ends = _span(start, _end(to, until), until)
        key = None if archive.ray else secret(room, archive.room_file)
        export_archive(files, archive_options(parts, archive, begins, ends), archive, key)
        return
    output, end = _output_and_end(output, to, until)
    begins, ends = _span(start, end, until)
    export_one(files[0], output, parts, begins, ends, secret(room, archive.room_file))


def _span(start: str | None, end: str | None, until: str | None) -> tuple[float, float | None]:
    return timecode.parse_span(start, end, "--to" if until is None else "--until")


def _output_and_end(output: Path | None, to: str | None, until: str | None) -> tuple[Path, str | None]:
    """Return the file to write and the end, as this release or the last one takes them: `--to` FILE, `--until` END."""
    if output is None and to is not None and not timecode.is_time(to) and Path(to).suffix:
        remark(f"write -o {to}: --to is the end now, and will not name a file any more in the next release")
        return Path(to), until
    if output is None:
        raise UsageError("name the file to write: -o OUT.mp4, .webm, .opus, .srt, .html or .jsonl")
    return output, _end(to, until)


def _end(to: str | None, until: str | None) -> str | None:
    if to is not None and until is not None:
        raise UsageError("--to and --until are both the end: give --to alone")
    return to if until is None else until


@options.command(app)
def cut(
    file: File,
    output: Output,
    start: From = None,
    to: To = None,
    room: Room = None,
    force: Force = False,
) -> None:
    """Take a part out of a session."""
    begins, ends = timecode.parse_span(start, to)
    seconds = edit.cut(file, output, begins, ends, secret(room), force, remark)
    say(f"{output}: {timecode.format_time(seconds)}")


@options.command(app)
def join(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Sessions, in their order.")],
    output: Output,
    room: Room = None,
    force: Force = False,
) -> None:
    """Put sessions one after the other."""
    seconds = edit.join(files, output, secret(room), remark, force)
    say(f"{output}: {timecode.format_time(seconds)}")


@options.command(app)
def redact(
    file: File,
    output: Output,
    speech: Annotated[bool, typer.Option("--speech", help="Leave out what was said.")] = False,
    words: Annotated[bool, typer.Option("--words", help="Leave out what pictures show, lines and snapshots.")] = False,
    who: Annotated[list[str] | None, typer.Option(help="Only this person's; may be repeated.")] = None,
    room: Room = None,
    force: Force = False,
) -> None:
    """Leave out of a session what nobody should hear or read."""
    without = edit.Redaction(speech, words, tuple(who or ()))
    seconds = edit.redact(file, output, without, secret(room), force, remark)
    say(f"{output}: {timecode.format_time(seconds)}")


def secret(room: str | None, room_file: Path | None = None) -> bytes | None:
    """Return the key of a session sealed in this room: a link, words, a saved name, a passphrase, or - to be asked.

    It may be the first line of a file instead.
    """
    if room is None and room_file is None:
        return None
    resolved = rooms.resolve(room, config.load(room_file=room_file))
    if resolved.note:
        remark(resolved.note)
    return recording_secret(resolved.secret)
