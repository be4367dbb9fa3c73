"""The rooms that the user saves by name: `rooms.toml` in the settings folder, readable by its owner alone.

Each name has the room's link; or the word `keyring`, if the link is in the keyring of the desktop (the extra
`keyring`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

from node.common import config, secret_input
from protocol.errors import NodeError, UsageError
from protocol.room_link import RoomLink

# What the file holds, in what is said to the user.
WHAT = "your rooms"

# In the file in place of a link that is in the keyring.
IN_KEYRING = "keyring"

# Rooms that an error names: a line of a terminal has room for as many short names; `room list` has them all.
MOST_NAMED = 8

# The keyring's name for this program.
KEYRING_SERVICE = "pictophone"

# A bare key of TOML, shorter than any room's code.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def rooms_file() -> Path:
    """Return where the rooms are saved."""
    return config.folder() / "rooms.toml"


def is_name(text: str) -> bool:
    """Tell whether a room, or an audience, may be called so; upper and lower case are the same."""
    return _NAME.fullmatch(text.lower()) is not None


def names() -> dict[str, bool]:
    """Return the names of the saved rooms, in the order of the alphabet, and whether each is in the keyring."""
    return {name: link == IN_KEYRING for name, link in sorted(_read().items())}


def find(name: str) -> RoomLink | None:
    """Return the room saved under this name, if there is one. Raises NodeError if it cannot be read."""
    link = _read().get(name.lower())
    if link == IN_KEYRING:
        link = _get_from_keyring(name.lower())
    if link is None:
        return None
    try:
        return RoomLink.parse(link)
    except ValueError as error:
        raise NodeError(f"the saved room {name!r} cannot be read: {error}; or forget it and save it again") from None


def check_free(name: str) -> None:
    """Raise UsageError for a name that is none or taken."""
    if not is_name(name):  # and may be a link that was given in its place: it is not repeated
        raise UsageError("a room cannot be called that: take up to 32 letters a-z, digits, '-' and '_'")
    if (name := name.lower()) in _read():
        raise UsageError(f"there is a saved room {name!r} already: take another name, or pictophone room forget {name}")


def save(name: str, link: RoomLink, in_keyring: bool) -> None:
    """Save a room. Raises UsageError for a name that is none or taken, NodeError if it cannot be written."""
    check_free(name)
    links, name = _read(), name.lower()
    if in_keyring:
        _put_in_keyring(name, link.reveal())
    _write(links | {name: IN_KEYRING if in_keyring else link.reveal()})


def forget(name: str) -> None:
    """Delete a saved room. Raises UsageError if there is none of that name."""
    links = _read()
    if name.lower() not in links:
        raise unknown(name)
    if links.pop(name.lower()) == IN_KEYRING:
        _delete_from_keyring(name.lower())
    _write(links)


def unknown(name: str) -> UsageError:
    """Return the error for a name that no room has; what can be no name may be a secret, and is not repeated."""
    called = f" {name!r}" if is_name(name) else " of that name"
    return UsageError(f"there is no saved room{called}; {saved()}")


def saved() -> str:
    """Return which rooms are saved, for the errors: the first few names, or how to save one."""
    known = list(names())
    if not known:
        return "you have saved none: make one by pictophone room new --save NAME"
    more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
    return f"you have saved {', '.join(known[:MOST_NAMED])}{more}"


# -- the file


def _read() -> dict[str, str]:
    if not _may_exist():
        return {}
    path = rooms_file()
    try:
        links = secret_input.load(path, WHAT) or {}
    except ValueError:  # whose text may quote a link
        raise NodeError(f"your rooms in {str(path)!r} are no TOML: mend the file or put it aside") from None
    if not all(isinstance(link, str) for link in links.values()):
        raise NodeError(f'your rooms in {str(path)!r} should each be one line, NAME = "LINK": mend the file')
    return {name.lower(): link for name, link in links.items()}


def _may_exist() -> bool:
    """Tell whether the file can be ours: a user without a home has none, and in a home that others own, as after `su`,
    it is none of ours."""
    try:
        rooms_file().stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError, NodeError):
        return False
    except OSError:
        return True  # what is wrong is reported when it is read
    return True


def _write(links: dict[str, str]) -> None:
    text = "# The rooms of pictophone. Whoever reads this can enter them.\n"
    text += "".join(f"{name} = {json.dumps(link)}\n" for name, link in sorted(links.items()))
    secret_input.save(rooms_file(), text, WHAT)


# -- the keyring: all of it raises NodeError where there is none


def _get_from_keyring(name: str) -> str | None:
    keyring = _keyring()
    try:
        link: str | None = keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError as error:
        raise _keyring_failure(error) from None
    return link


def _put_in_keyring(name: str, link: str) -> None:
    keyring = _keyring()
    try:
        keyring.set_password(KEYRING_SERVICE, name, link)
    except keyring.errors.KeyringError as error:
        raise _keyring_failure(error) from None


def _delete_from_keyring(name: str) -> None:
    """Delete the link, which may be gone already."""
    keyring = _keyring()
    try:
        keyring.delete_password(KEYRING_SERVICE, name)
    except keyring.errors.PasswordDeleteError:
        pass
    except keyring.errors.KeyringError as error:
        raise _keyring_failure(error) from None


def _keyring() -> ModuleType:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise NodeError("the room's keyring needs: pip install 'pictophone[keyring]'") from None
    return keyring


def _keyring_failure(error: Exception) -> NodeError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return NodeError(f"the keyring does not serve: {reason}; unlock it, or save the room without --keyring")
