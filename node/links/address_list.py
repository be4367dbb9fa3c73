"""Addresses of a broker's nodes as one text with commas, and what of it may be shown."""

from __future__ import annotations

import itertools
import re

from node.links import server_url
from protocol.errors import UsageError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# More would be no list of a person's; a link holds 512 characters.
MAX_ADDRESSES = 16


def split(text: str) -> list[str]:
    """Return the addresses of a list.

    Raises UsageError for a missing one, and for a comma that may as well be within a login.
    """
    parts = text.split(",")
    parts = [part.strip(" ") for part in parts] if len(parts) > 1 else parts
    if len(parts) > MAX_ADDRESSES:
        raise UsageError(f"{len(parts)} broker addresses are too many: give {MAX_ADDRESSES} at most")
    if len(parts) > 1 and not all(parts):
        raise UsageError(f"an address is missing beside a comma in {without_login(text)!r}: write HOST,HOST")
    for before, part in itertools.pairwise(parts):
        if _may_be_one(before, part):
            raise UsageError(
                f"a comma before {without_login(part)!r} is either of a login or between two addresses: write %2C in "
                "the login, or a scheme before the second address (mqtts://USER@HOST)"
            )
    return parts


def scheme(url: str) -> tuple[str, str]:
    """Return the scheme in small letters, or nothing; and what comes after it. A password may hold :// as well."""
    found = _SCHEME.match(url)
    return (found[1].lower(), url[found.end() :]) if found else ("", url)


def without_password(text: str) -> str:
    """Return the addresses with their users' names and without passwords, good addresses or not."""
    return ",".join(_without_password(part) for part in _certain(text))


def without_login(text: str) -> str:
    """Return the addresses without users and passwords, good addresses or not."""
    return ",".join(_without_login(part) for part in _certain(text))


def _certain(text: str) -> list[str]:
    """Return the addresses, or all as one, if a comma may be one of a password."""
    parts = text.split(",")
    pairs = itertools.pairwise(parts)
    is_list = all("@" in before or (_is_place(before) and not _may_be_one(before, part)) for before, part in pairs)
    return parts if is_list else [text]


def _may_be_one(before: str, part: str) -> bool:
    """Return whether the comma between the two may be one of a login."""
    return "@" in part and "@" not in before and not scheme(part.strip())[0]


def _is_place(part: str) -> bool:
    try:
        server_url.split(scheme(part.strip())[1].partition("/")[0])
    except ValueError:
        return False
    return True


def _without_password(url: str) -> str:
    rest = scheme(url)[1]
    login, at, place = rest.rpartition("@")
    user = login.partition(":")[0]
    return f"{url[: len(url) - len(rest)]}{user}{at if user else ''}{place}" if at else url


def _without_login(url: str) -> str:
    rest = scheme(url)[1]
    _, at, place = rest.rpartition("@")
    return f"{url[: len(url) - len(rest)]}…@{place}" if at else url
