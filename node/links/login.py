"""Which broker a call meets at, and as whom: the flags of this run, the room's own, or the settings file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from node.common import secret_input
from node.common.printable import printable
from node.links import http_proxy
from node.links.address import BrokerAddress
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings

WHAT = "the broker's password"

# What a header may have (RFC 9110, section 5): a line's end in it would begin another one.
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]{0,4096}")


def broker_address(settings: Settings, rooms_own: str | None = None) -> BrokerAddress:
    """Return where to meet: at `rooms_own` broker, if the room has one and this run was given no other.

    A login that stands in the settings file, and headers, are for the broker there: a link never makes a node show them
    to another one. A CA file is no secret, and counts everywhere, as a proxy does. Raises UsageError for an address,
    headers or a proxy that are none, and NodeError for a password file that does not serve.
    """
    url, is_known = settings.broker, True
    if rooms_own is not None and not settings.for_this_run("broker"):
        url, is_known = rooms_own, _same(BrokerAddress.parse(rooms_own), settings)
    address = BrokerAddress.parse(url, **_login(settings, this_run=not is_known))
    return address.equipped(
        headers=_headers(settings) if is_known or settings.for_this_run("broker_headers") else (),
        proxy=None if settings.broker_proxy is None else http_proxy.parse(settings.broker_proxy),
        version=settings.mqtt_version,
    )


def remarks(settings: Settings, broker: BrokerAddress) -> list[str]:
    """Return what a person should know about the way to the broker."""
    lines = []
    if (exposed := next((address for address in broker.each() if address.in_the_open), None)) is not None:
        secret = ", the password among it" if exposed.password else ", the headers among it" if exposed.headers else ""
        scheme = "mqtts" if exposed.path is None else "wss"
        lines.append(
            f"nothing hides what goes to {exposed} on its way{secret}: write {scheme}:// if the broker speaks TLS"
        )
    if settings.broker_headers and all(address.path is None for address in broker.each()):
        lines.append("broker_headers are for brokers that are reached by ws:// or wss://: here they go nowhere")
    if settings.by_flag("broker") and BrokerAddress.parse(settings.broker).password:
        lines.append(
            "others on this machine can see the broker's password among the running commands: give it by "
            "--broker-password-file or PICTOPHONE_BROKER_PASSWORD"
        )
    return lines


def _same(bare: BrokerAddress, settings: Settings) -> bool:
    known = {address.place for address in BrokerAddress.parse(settings.broker).each()}
    return known.issuperset(address.place for address in bare.each())


def _headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    for name, value in settings.broker_headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise UsageError(
                f"the setting 'broker_headers' has no header at {printable(name)!r}: a name has letters, digits and "
                "hyphens, and a value printable ASCII"
            )
    return tuple(settings.broker_headers.items())


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
