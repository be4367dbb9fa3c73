"""The commands of `session`: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from node.common.output import remark, say

app = typer.Typer(
    help="Recorded calls: look into them, share them, repair them.", no_args_is_help=True, rich_markup_mode=None
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A recorded session.")]
Room = Annotated[str | None, typer.Option(help="The room it was recorded in, for a sealed session: as for `call`.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def info(file: File, room: Room = None, json: Json = False) -> None:
    """Tell who was in a session, when, how long, what it weighs, what was lost, and its captions."""
    from node.recording import info as about

    say(*about.info_lines(file, secret(room), json))


@app.command()
def recover(
    file: File,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The new file; by default FILE-recovered.mcap.")
    ] = None,
    room: Room = None,
) -> None:
    """Make a whole session of a damaged one, or of one whose recording was cut off."""
    from node.recording import edit as rescue

    for line in rescue.recover(file, output, secret(room)):
        say(line)


From = Annotated[str | None, typer.Option("--from", help="Begin there: seconds, mm:ss or hh:mm:ss.")]
Models = Annotated[str | None, typer.Option(help="Paint with this preset's generator, not with the recorded one.")]
Generator = Annotated[str | None, typer.Option(help="Paint with this model: a folder or a hub id.")]
Lyra = Annotated[Path | None, typer.Option(help="Folder with Lyra V2's model files, for what was spoken in it.")]
Who = Annotated[list[str] | None, typer.Option(help="Only hear this person; may be repeated.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")]


@app.command()
def export(
    file: File,
    to: Annotated[Path, typer.Option("--to", "-o", help="OUT.mp4, .webm, .opus, .srt, .html or .jsonl.")],
    start: From = None,
    until: Annotated[str | None, typer.Option("--until", help="End there.")] = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Words alone: nothing is painted.")] = False,
    who: Who = None,
    models: Models = None,
    generator: Generator = None,
    lyra: Lyra = None,
    room: Room = None,
    force: Force = False,
) -> None:
    """Make a video, a sound, subtitles, a page that plays by itself, or JSON lines of a session."""
    from node.commands import exporting
    from node.recording import timecode

    begins, ends = timecode.parse_span(start, until, "--until")
    exporting.run(
        file, secret(room), output=to, start=begins, end=ends, pictures=not no_pictures, who=tuple(who or ()),
        models=models, generator=generator, lyra_folder=lyra, force=force,
    )  # fmt: skip


Output = Annotated[Path, typer.Option("--output", "-o", help="The new session, OUT.mcap.")]


@app.command()
def cut(
    file: File,
    output: Output,
    start: From = None,
    to: Annotated[str | None, typer.Option("--to", help="End there.")] = None,
    room: Room = None,
    force: Force = False,
) -> None:
    """Take a part out of a session."""
    from node.recording import edit, timecode

    begins, ends = timecode.parse_span(start, to)
    seconds = edit.cut(file, output, begins, ends, secret(room), force, remark)
    say(f"{output}: {timecode.format_time(seconds)}")


@app.command()
def join(
    files: Annotated[list[Path], typer.Argument(metavar="FILE FILE...", help="Sessions, in their order.")],
    output: Output,
    room: Room = None,
    force: Force = False,
) -> None:
    """Put sessions one after the other."""
    from node.recording import edit, timecode

    seconds = edit.join(files, output, secret(room), remark, force)
    say(f"{output}: {timecode.format_time(seconds)}")


@app.command()
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
    from node.recording import edit, timecode

    without = edit.Redaction(speech, words, tuple(who or ()))
    seconds = edit.redact(file, output, without, secret(room), force, remark)
    say(f"{output}: {timecode.format_time(seconds)}")


def secret(room: str | None) -> bytes | None:
    """What opens a session sealed in this room: a link, words, a saved name, a passphrase, or - to be asked for it."""
    if room is None:
        return None
    from node import rooms
    from node.common import config
    from protocol.log.recording_key import recording_secret

    resolved = rooms.resolve(room, config.load())
    if resolved.note:
        remark(resolved.note)
    return recording_secret(resolved.secret)
