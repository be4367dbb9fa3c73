"""The commands of `session`: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Recorded calls: look into them, repair them.", no_args_is_help=True, rich_markup_mode=None)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A recorded session.")]
Room = Annotated[str | None, typer.Option(help="The room it was recorded in, for a sealed session.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def info(file: File, room: Room = None, json: Json = False) -> None:
    """Tell who was in a session, when, how long, what it weighs, what was lost, and its captions."""
    from node.session import info as about

    for line in about.show(file, secret(room), json):
        typer.echo(line)


@app.command()
def recover(
    file: File,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The new file; by default FILE-recovered.mcap.")
    ] = None,
    room: Room = None,
) -> None:
    """Make a whole session of a damaged one, or of one whose recording was cut off."""
    from node.session import recover as rescue

    for line in rescue.recover(file, output, secret(room)):
        typer.echo(line)


def secret(room: str | None) -> bytes | None:
    """What opens a session sealed in this room."""
    from node.session.secret import room_secret

    return None if room is None else room_secret(room)
