"""The commands of `room`: make rooms, and keep them by name."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from node.commands import options
from node.common import output, secret_input
from node.common.qr_code import terminal_lines
from node.links import address_list
from node.links import login as meeting
from node.links.address import BrokerAddress, without_password
from node.links.reach import names_this_machine
from node.rooms import store
from node.rooms.resolve import PROMPT, resolve, to_mnemonic
from protocol.errors import UsageError
from protocol.room_link import RoomLink
from protocol.room_secret import SECRET_BYTES, RoomSecret

if TYPE_CHECKING:
    from node.common.config import Settings

# Dark modules must be the darker ones, whatever the terminal's colours.
WHITE_ON_BLACK, PLAIN = "\x1b[97;40m", "\x1b[0m"


app = options.group("Make rooms, and keep them by name.")

Name = Annotated[str, typer.Argument(help="The room's name here, of letters, digits, '-' and '_'.")]
BROKER = "Where to meet: [mqtts://][USER@]HOST[:PORT], mqtt:// without TLS."
PASSWORD_FILE = "File whose first line is the password at the broker."
Words = Annotated[bool, typer.Option("--words", help="The secret as twelve words, too; the broker is not in them.")]
Qr = Annotated[bool, typer.Option("--qr/--no-qr", help="Draw the link as a QR code.")]
WithPassword = Annotated[bool, typer.Option("--with-password", help="Put the broker's password into the link.")]
Keyring = Annotated[bool, typer.Option("--keyring", help="Keep it in the system's keyring (extra keyring).")]


@dataclass(frozen=True, slots=True)
class LinkView:
    """How a room's link is shown."""

    with_password: bool = False
    words: bool = False
    qr: bool = True


@options.command(app, "broker", "broker_password_file", broker=BROKER, broker_password_file=PASSWORD_FILE)
def new(
    settings: Settings,
    save: Annotated[str | None, typer.Option(metavar="NAME", help="Keep the room under this name.")] = None,
    keyring: Keyring = False,
    with_password: WithPassword = False,
    words: Words = False,
    qr: Qr = True,
) -> None:
    """Make a room: whoever has its link can enter it."""
    make(settings, save, keyring, LinkView(with_password, words, qr))


@options.command(
    app,
    *options.ROOM,
    room_file="File whose first line is the link or words.",
    broker=BROKER,
    broker_password_file=PASSWORD_FILE,
)
def save(
    settings: Settings,
    name: Name,
    room: Annotated[
        list[str] | None, typer.Argument(metavar="ROOM", help="Its link or words; asked for if not given.")
    ] = None,
    keyring: Keyring = False,
) -> None:
    """Keep a room that you were given the link, the words or the passphrase of."""
    keep(settings, name, options.joined(room), keyring)


@options.command(app, name="list")
def list_rooms() -> None:
    """List the rooms that you keep."""
    output.say(*lines())


@options.command(app)
def show(
    name: Name,
    with_password: WithPassword = False,
    words: Words = False,
    qr: Qr = True,
) -> None:
    """Show the link of a room that you keep, to invite somebody."""
    link = store.find(name) if store.is_name(name) else None
    if link is None:
        raise store.unknown(name)
    _show(link, LinkView(with_password, words, qr))


@options.command(app)
def forget(name: Name) -> None:
    """Keep a room no longer; others may still be in it."""
    store.forget(name)


def make(settings: Settings, name: str | None, in_keyring: bool, view: LinkView) -> None:
    """Make a room at the broker of the settings, if they name one, keep it under the name, if given, and show it."""
    if in_keyring and name is None:
        raise UsageError("--keyring keeps a room by its name: give --save NAME, too")
    secret = RoomSecret.random(secrets.token_bytes(SECRET_BYTES))
    link = _link(secret, _broker(settings) if "broker" in settings.model_fields_set else None)
    if name is not None:
        store.save(name, link, in_keyring)
        output.remark(f"kept; enter by: pictophone call {name.lower()}")
    output.remark("whoever has this link can enter the room:")
    _show(link, view)


def keep(settings: Settings, name: str, text: str | None, in_keyring: bool) -> None:
    """Keep the room that was given, at the broker of this run's flags, or that of its link."""
    store.check_free(name)
    asked = text is None and settings.room_file is None and settings.room is None
    room = resolve(PROMPT if asked else text, settings)
    if room.note:
        output.remark(room.note)
    broker = _broker(settings) if settings.for_this_run("broker") else _with_password(room.broker)
    store.save(name, _link(room.secret, broker), in_keyring)
    output.remark(f"kept; enter by: pictophone call {name.lower()}")


def lines() -> list[str]:
    """Return a line for each room that is kept: name, first part of its topics, broker. Nothing in it is secret."""
    listed = [f"{name:16} {_described(name, in_keyring)}".rstrip() for name, in_keyring in store.names().items()]
    return listed or ["no rooms are kept; make one: pictophone room new --save NAME"]


def _described(name: str, in_keyring: bool) -> str:
    if in_keyring:
        return "in the keyring"  # which a list is no reason to unlock
    link = store.find(name)
    return "" if link is None else f"{link.secret.room_id()} {without_password(link.broker or '')}"


def _link(secret: RoomSecret, broker: str | None) -> RoomLink:
    try:
        return RoomLink(secret, broker)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _show(link: RoomLink, view: LinkView) -> None:
    """Print the link on standard output, alone, and what helps a person on standard error."""
    if link.broker is not None and not view.with_password:
        link = _link(link.secret, without_password(link.broker))
    output.say(link.reveal())
    if view.words:
        output.say(to_mnemonic(link.secret))
    if view.qr:
        _draw(link.reveal())


def _draw(text: str) -> None:
    lines = terminal_lines(text, blocks=output.can_draw_blocks())
    output.draw(f"{WHITE_ON_BLACK}{line}{PLAIN}" if output.is_terminal(on_error=True) else line for line in lines)


def _broker(settings: Settings) -> str:
    """Return the settings' broker as a link has it, with their login for it. Raises UsageError if it is none."""
    address = meeting.broker_address(settings)
    for remark in meeting.remarks(settings, address):
        output.remark(remark)
    for one in address.each():
        if names_this_machine(one.host):
            output.remark(f"{one} is this machine: a link with it is of use here alone")
    return _with_logins(settings.broker, address)


def _with_password(broker: str | None) -> str | None:
    """Return the broker of a link; if it names a user without a password, the user of this terminal is asked for it."""
    if broker is None:
        return None
    address = BrokerAddress.parse(broker)
    if address.username is None or address.password is not None or not sys.stdin.isatty():
        return broker
    password = secret_input.ask(f"password of {address.username} at {address}")
    return _with_logins(broker, address.equipped(password=password))


def _with_logins(broker: str, address: BrokerAddress) -> str:
    """Return the addresses of a list with the login of each in it; one that all share stands in the first alone."""
    each, texts = address.each(), address_list.split(broker)
    shared = len({(one.username, one.password) for one in each}) == 1
    return ",".join(
        _joined(text, None, None) if shared and number else _joined(text, one.username, one.password)
        for number, (text, one) in enumerate(zip(texts, each, strict=True))
    )


def _joined(broker: str, username: str | None, password: str | None) -> str:
    """Return the address with this login in it, and everything else as it was."""
    scheme, separator, rest = broker.rpartition("://")
    host = rest.rpartition("@")[2]
    if not username:  # without a name there is no login (MQTT 3.1.1, section 3.1.2.9)
        return f"{scheme}{separator}{host}"
    login = quote(username, safe="") + (f":{quote(password, safe='')}" if password is not None else "")
    return f"{scheme}{separator}{login}@{host}"
