"""Which profile the settings mean: a named one, one of single options, or whatever the link carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from node.speech.profiles import AUTO, BANDWIDTHS, LEAN, Application, Profile, custom, profile
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.config import Settings

T = TypeVar("T")

APPLICATIONS = {one.name.lower(): one for one in Application}


def chosen(settings: Settings) -> Profile:
    """Return the profile to begin with. UsageError for one that cannot be, naming the option and what it may be."""
    options = {
        "bitrate": settings.bitrate,
        "bandwidth": _named(BANDWIDTHS, "bandwidth", settings.bandwidth),
        "application": _named(APPLICATIONS, "application", settings.application),
        "frame_ms": settings.frame,
        "frames_per_packet": settings.bundle,
        "vbr": settings.vbr,
        "dtx": settings.dtx,
        "redundancy": settings.redundancy,
    }
    if not adapts(settings):
        return custom(profile(settings.profile), **options)
    if given := [option for option, value in options.items() if value is not None]:
        raise UsageError(f"the profile 'auto' chooses {given[0]!r} itself; leave that out, or name a profile")
    return LEAN


def adapts(settings: Settings) -> bool:
    """Tell whether the profile follows the link. Who names a profile gets that one, whatever the link does to it."""
    return settings.profile == AUTO


def typed(line: str) -> Profile | None:
    """Return the profile that a line typed during a call names (`/profile clear`), or None if it is no such line.

    UsageError for a profile that there is not.
    """
    words = line.split()
    return profile(words[1]) if len(words) == 2 and words[0] == "/profile" else None


def _named(known: Mapping[str, T], option: str, name: str | None) -> T | None:
    if name is None or name in known:
        return known.get(name or "")
    raise UsageError(f"there is no {option} {name!r}; there is: {', '.join(known)}")
