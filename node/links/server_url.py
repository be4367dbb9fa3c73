"""Splits what people type as a server's address: login, host and port, each checked, nothing dropped in silence.

The standard library's parser takes a slash, question mark or hash within a password for the end of the host.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

_FORBIDDEN_IN_HOST = re.compile(r"[\s/?#%@\\\[\]<>\"'`{}|^]|[\x00-\x1f\x7f]")
_FORBIDDEN_IN_LOGIN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_MAX_LOGIN_BYTES = 65_535  # of a string of MQTT (3.1.1, section 1.5.3)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and the login given with it, decoded; None for what was not given."""

    host: str
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def split(text: str) -> Server:
    """Read `[USER[:PASSWORD]@]HOST[:PORT]`; an IPv6 address stands in brackets, and `%3A` is a colon in a user's name.

    Raises ValueError with a reason that shows nothing of the login.
    """
    login, _, place = text.rpartition("@")
    host, port = _place(place)
    user, colon, password = login.partition(":")
    return Server(host, port, _decoded(user) or None, _decoded(password) if colon else None)


def _place(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("brackets hold an IPv6 address, and nothing but :PORT follows them")
        return _ipv6(host), _port(rest[1:])
    if text.count(":") > 1:
        raise ValueError("an IPv6 address goes in brackets: [ADDRESS]:PORT")
    host, _, port = text.partition(":")
    return _name(host), _port(port)


def _ipv6(host: str) -> str:
    address, percent, scope = host.partition("%")
    if percent and (not scope or _FORBIDDEN_IN_HOST.search(scope)):
        raise ValueError("the scope of its IPv6 address is no name")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        raise ValueError("brackets hold an IPv6 address") from None
    return f"{address.lower()}{percent}{scope}"


def _name(host: str) -> str:
    if not host or _FORBIDDEN_IN_HOST.search(host):
        raise ValueError("it names no host")
    try:
        host.encode("idna")  # what the resolver does first: some hosts are no names at all
    except UnicodeError:
        raise ValueError("its host is no name") from None
    return host.lower()


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65_536):
        raise ValueError("its port is no number from 1 to 65535")
    return int(text)


def _decoded(text: str) -> str:
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("its login is not UTF-8") from None
    if _FORBIDDEN_IN_LOGIN.search(plain):
        raise ValueError("its login has control characters or is not UTF-8")
    if len(plain.encode()) > _MAX_LOGIN_BYTES:
        raise ValueError("its login is too long")
    return plain
