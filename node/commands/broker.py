"""The command `broker`: a small MQTT broker, until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands import options
from node.common import secret_input, signals
from node.common.output import remark, say
from node.links.address import BrokerAddress
from node.links.broker import Certificate, serve
from node.links.login import WHAT
from node.links.reach import is_certainly_this_machine
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings

PASSWORD_VISIBLE = "others on this machine can see --password among the running commands: give --password-file"
NOT_ENCRYPTED = "passwords and topics travel readable: give --certificate and --key to speak TLS"


app = options.group()


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """Where the broker listens, who may use it, and how it is encrypted."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@options.command(app)
def broker(
    settings: Settings,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all, which needs a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 lets the system choose.")] = 1883,
    username: Annotated[str | None, typer.Option(help="The one user who may come in; by default everybody.")] = None,
    password: Annotated[str | None, typer.Option(help="That user's password; --password-file hides it better.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File whose first line is that user's password.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Speak TLS: the certificate, a chain in PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key, in PEM.")] = None,
) -> None:
    """Run a small MQTT broker, for a call between friends."""
    asked = BrokerOptions(host, port, username, password, password_file, certificate, key)
    options.run(run(settings, asked))


async def run(settings: Settings, asked: BrokerOptions) -> bool:
    """Serve until a signal comes (see `node.common.signals`).

    Raises UsageError for options that do not go together, or too little protection.
    """
    certificate, users = _certificate(asked), _users(settings, asked)
    if not users and not is_certainly_this_machine(asked.host):
        raise UsageError(
            f"a broker that listens on {asked.host} needs --username and --password-file, or anyone could use it"
        )
    if asked.password is not None:
        remark(PASSWORD_VISIBLE)
    if certificate is None and not is_certainly_this_machine(asked.host):
        remark(NOT_ENCRYPTED)
    stop = asyncio.Event()
    async with serve(asked.host, asked.port, users, certificate) as port:
        address = BrokerAddress(asked.host, port, tls=certificate is not None)
        with signals.stopping(stop.set):  # before any line says that it can be ended
            say(f"the broker listens on {address}; Ctrl-C ends it")
            await stop.wait()
    return True


def _certificate(asked: BrokerOptions) -> Certificate | None:
    if (asked.certificate is None) != (asked.key is None):
        raise UsageError("--certificate and --key go together; give both or none")
    if asked.certificate is None or asked.key is None:
        return None
    return Certificate(asked.certificate, asked.key)


def _users(settings: Settings, asked: BrokerOptions) -> Mapping[str, str]:
    """Return the password of each user, from the options or the environment; without any, no login is needed."""
    username = asked.username or _from_environment(settings, "broker_username")
    password = asked.password or _from_environment(settings, "broker_password")
    if asked.password_file is not None:
        if asked.password is not None:
            raise UsageError("give --password or --password-file, not both")
        password = secret_input.read_line(asked.password_file, WHAT)
    if (username is None) != (password is None):
        raise UsageError("--username and --password (or --password-file) go together; give both or none")
    return {username: password} if username is not None and password is not None else {}


def _from_environment(settings: Settings, key: str) -> str | None:
    """Return the setting, if the environment gives it: the settings file is about the broker that a node meets at."""
    value: str | None = getattr(settings, key) if settings.for_this_run(key) else None
    return value
