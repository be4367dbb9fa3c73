"""The commands `room new`, `save`, `list`, `show` and `forget`: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from node.common.output import say

app = typer.Typer(help="Make rooms, and keep them by name.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The room's name here, of letters, digits, '-' and '_'.")]
Broker = Annotated[str | None, typer.Option(help="Where to meet: [mqtts://][USER@]HOST[:PORT], mqtt:// without TLS.")]
PasswordFile = Annotated[Path | None, typer.Option(help="File whose first line is the password at the broker.")]
Words = Annotated[bool, typer.Option("--words", help="The secret as twelve words, too; the broker is not in them.")]
Qr = Annotated[bool, typer.Option("--qr/--no-qr", help="Draw the link as a QR code.")]
WithPassword = Annotated[bool, typer.Option("--with-password", help="Put the broker's password into the link.")]
Keyring = Annotated[bool, typer.Option("--keyring", help="Keep it in the system's keyring (extra keyring).")]


@app.command()
def new(
    broker: Broker = None,
    broker_password_file: PasswordFile = None,
    save: Annotated[str | None, typer.Option(metavar="NAME", help="Keep the room under this name.")] = None,
    keyring: Keyring = False,
    with_password: WithPassword = False,
    words: Words = False,
    qr: Qr = True,
) -> None:
    """Make a room: whoever has its link can enter it."""
    from node.commands import keeping
    from node.common import config

    settings = config.load(broker=broker, broker_password_file=broker_password_file)
    keeping.new(settings, save, keyring, keeping.Showing(with_password, words, qr))


@app.command()
def save(
    name: Name,
    room: Annotated[
        list[str] | None, typer.Argument(metavar="ROOM", help="Its link or words; asked for if not given.")
    ] = None,
    room_file: Annotated[Path | None, typer.Option(help="File whose first line is the link or words.")] = None,
    broker: Broker = None,
    broker_password_file: PasswordFile = None,
    keyring: Keyring = False,
) -> None:
    """Keep a room that you were given the link, the words or the passphrase of."""
    from node.commands import keeping
    from node.common import config

    settings = config.load(room_file=room_file, broker=broker, broker_password_file=broker_password_file)
    keeping.save(settings, name, " ".join(room) if room else None, keyring)


@app.command("list")
def list_rooms() -> None:
    """List the rooms that you keep."""
    from node.commands import keeping

    say(*keeping.lines())


@app.command()
def show(
    name: Name,
    with_password: WithPassword = False,
    words: Words = False,
    qr: Qr = True,
) -> None:
    """Show the link of a room that you keep, to invite somebody."""
    from node.commands import keeping

    keeping.show(name, keeping.Showing(with_password, words, qr))


@app.command()
def forget(name: Name) -> None:
    """Keep a room no longer; others may still be in it."""
    from node.rooms import store

    store.forget(name)
