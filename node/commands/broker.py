"""The command broker: a small broker until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from node.common import secret_input, signals
from node.common.output import remark, say
from node.links import broker
from node.links.address import BrokerAddress
from node.links.broker import Certificate
from node.links.login import WHAT
from node.links.reach import is_certainly_this_machine
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings

SEEN = "others on this machine can see --password among the running commands: give --password-file"
READABLE = "passwords and topics travel readable: give --certificate and --key to speak TLS"


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """What the command was asked for, by its flags."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


async def run(settings: Settings, asked: BrokerOptions) -> bool:
    """Serves until a signal comes (see `node.common.signals`).

    Raises UsageError for flags that do not go together, or too little protection.
    """
    certificate, users = _certificate(asked), _users(settings, asked)
    if not users and not is_certainly_this_machine(asked.host):
        raise UsageError(
            f"a broker that listens on {asked.host} needs --username and --password-file, or anyone could use it"
        )
    if asked.password is not None:
        remark(SEEN)
    if certificate is None and not is_certainly_this_machine(asked.host):
        remark(READABLE)
    stop = asyncio.Event()
    async with broker.serve(asked.host, asked.port, users, certificate) as port:
        address = BrokerAddress(asked.host, port, tls=certificate is not None)
        with signals.stopping(stop.set):  # before anybody reads that it can be ended
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
    """The one who may come in, from the flags or the environment; nobody named means everybody."""
    username = asked.username or _of_this_run(settings, "broker_username")
    password = asked.password or _of_this_run(settings, "broker_password")
    if asked.password_file is not None:
        if asked.password is not None:
            raise UsageError("give --password or --password-file, not both")
        password = secret_input.read_line(asked.password_file, WHAT)
    if (username is None) != (password is None):
        raise UsageError("--username and --password (or --password-file) go together; give both or none")
    return {username: password} if username is not None and password is not None else {}


def _of_this_run(settings: Settings, key: str) -> str | None:
    """What the environment says; the settings file speaks of the broker that a node calls, not of this one."""
    value: str | None = getattr(settings, key) if settings.for_this_run(key) else None
    return value
