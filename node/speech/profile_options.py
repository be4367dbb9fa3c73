"""The profile that settings or a typed command ask for: a named one, one of single options, or an adaptive one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from node.speech.profiles import AUTO, BANDWIDTHS, LEAN, Application, Profile, custom, profile, setting_of
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings

T = TypeVar("T")

APPLICATIONS = {one.name.lower(): one for one in Application}


def profile_from_settings(settings: Settings) -> Profile:
    """Return the profile to begin with. Raises UsageError that names an impossible option and its possible values."""
    options = {
        "bitrate": settings.bitrate,
        "bandwidth": _named(BANDWIDTHS, "bandwidth", settings.bandwidth),
        "application": _named(APPLICATIONS, "application", settings.application),
        "frame_ms": settings.frame,
        "frames_per_packet": settings.bundle,
        "vbr": settings.vbr,
        "dtx": settings.dtx,
        "redundancy": settings.redundancy,
        "high_band": settings.high_band,
    }
    if not adapts(settings):
        return custom(profile(settings.profile), **options)
    if given := [setting_of(option) for option, value in options.items() if value is not None]:
        raise UsageError(f"the profile 'auto' chooses {given[0]!r} itself; leave that out, or name a profile")
    return LEAN


def adapts(settings: Settings) -> bool:
    """Return whether the profile adapts to the link. A named profile stays, whatever the link carries."""
    return settings.profile == AUTO


def parse_profile_command(line: str) -> Profile | None:
    """Return the profile that a line typed during a call names, or None if it is no such command.

    Options may follow the name: `/profile clear bitrate=14000`. Raises UsageError if one is impossible.
    """
    words = line.split()
    if len(words) < 2 or words[0] != "/profile":
        return None
    if words[1] == AUTO:
        raise UsageError(f"there is no speech profile {AUTO!r} with options: it chooses them itself")
    return custom(profile(words[1]), **dict(map(_parse_option, words[2:])))


def is_auto_command(line: str) -> bool:
    """Return whether a line typed during a call asks for a profile that adapts to the link."""
    return line.split() == ["/profile", AUTO]


def _parse_option(word: str) -> tuple[str, Any]:
    option, equals, value = word.partition("=")
    if option not in TYPED_OPTIONS or not equals:
        raise UsageError(f"there is no option {word!r}; write OPTION=VALUE, of: {', '.join(TYPED_OPTIONS)}")
    key, read = TYPED_OPTIONS[option]
    try:
        return key, read(value)
    except ValueError:
        raise UsageError(f"the {option} cannot be {value!r}; give a whole number") from None


def _yes_or_no(value: str) -> bool | None:
    return _named({"yes": True, "no": False}, "answer", value)


# By the name of the setting: the profile's field, and how a value is read.
TYPED_OPTIONS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "bitrate": ("bitrate", int),
    "bandwidth": ("bandwidth", lambda name: _named(BANDWIDTHS, "bandwidth", name)),
    "application": ("application", lambda name: _named(APPLICATIONS, "application", name)),
    "frame": ("frame_ms", int),
    "bundle": ("frames_per_packet", int),
    "vbr": ("vbr", _yes_or_no),
    "dtx": ("dtx", _yes_or_no),
    "redundancy": ("redundancy", int),
    "high_band": ("high_band", _yes_or_no),
}


def _named(known: Mapping[str, T], option: str, name: str | None) -> T | None:
    if name is None or name in known:
        return known.get(name or "")
    raise UsageError(f"there is no {option} {name!r}; there is: {', '.join(known)}")
