"""Which broker a call meets at, and as whom: the flags of this run, the room's own, or the settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.common import secret_input
from node.links.address import BrokerAddress

if TYPE_CHECKING:
    from node.common.config import Settings

WHAT = "the broker's password"


def broker_address(settings: Settings, rooms_own: str | None = None) -> BrokerAddress:
    """Return where to meet: at `rooms_own` broker, if the room has one and this run was given no other.

    A login that stands in the settings file is for the broker there: a link never makes a node show it to another
    one. A CA file is no secret, and counts everywhere. Raises NodeError for an address that is none, or a password file
    that does not serve.
    """
    if rooms_own is None or settings.for_this_run("broker"):
        return BrokerAddress.parse(settings.broker, **_login(settings, this_run=False))
    bare = BrokerAddress.parse(rooms_own)
    return BrokerAddress.parse(rooms_own, **_login(settings, this_run=not _same(bare, settings)))


def remarks(settings: Settings, broker: BrokerAddress) -> list[str]:
    """Return what a person should know about the way to the broker."""
    lines = []
    if broker.in_the_open:
        lines.append(
            f"nothing hides what goes to {broker} on its way{', the password among it' if broker.password else ''}: "
            "write mqtts:// if the broker speaks TLS"
        )
    if settings.by_flag("broker") and BrokerAddress.parse(settings.broker).password:
        lines.append(
            "others on this machine can see the broker's password among the running commands: give it by "
            "--broker-password-file or PICTOPHONE_BROKER_PASSWORD"
        )
    return lines


def _same(bare: BrokerAddress, settings: Settings) -> bool:
    known = BrokerAddress.parse(settings.broker)
    return (known.host, known.port, known.tls) == (bare.host, bare.port, bare.tls)


def _login(settings: Settings, this_run: bool) -> dict[str, str | None]:
    """Return the settings' CA file, and their user name and password; of `this_run` alone, if so."""

    def counts(key: str) -> bool:
        return settings.for_this_run(key) or not this_run

    password = settings.broker_password if counts("broker_password") else None
    file = settings.broker_password_file
    if (
        file is not None
        and counts("broker_password_file")
        and settings.prefers("broker_password_file", "broker_password")
    ):
        password = secret_input.read_line(file, WHAT)
    return {
        "username": settings.broker_username if counts("broker_username") else None,
        "password": password,
        "ca_file": settings.broker_ca_file,
    }
