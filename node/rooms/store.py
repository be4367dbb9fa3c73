"""The rooms that the user keeps by name: `rooms.toml` in the settings folder, for the owner's eyes alone.

Each name has the room's link; or the word `keyring`, if the link is in the system's keyring.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

from node.common import config
from node.common.files import replaced
from node.common.output import remark
from node.common.secret_input import OWNER_ONLY, exposed
from node.rooms import keyrings
from protocol.errors import NodeError, UsageError
from protocol.room_link import RoomLink

IN_KEYRING = "keyring"  # stands in the file instead of a link
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")  # a bare key of TOML, shorter than any room's code


def file() -> Path:
    """Where the rooms are kept."""
    return config.folder() / "rooms.toml"


def is_name(text: str) -> bool:
    """Whether a room may be called so; upper and lower case are the same."""
    return _NAME.fullmatch(text.lower()) is not None


def names() -> dict[str, bool]:
    """The rooms that are kept, in the order of the alphabet, and whether each is in the keyring."""
    return {name: kept == IN_KEYRING for name, kept in sorted(_read().items())}


def find(name: str) -> RoomLink | None:
    """The room kept under this name, if there is one. Raises NodeError if it cannot be had or read."""
    kept = _read().get(name.lower())
    if kept == IN_KEYRING:
        kept = keyrings.get(name.lower())
    if kept is None:
        return None
    try:
        return RoomLink.parse(kept)
    except ValueError as error:
        raise NodeError(f"the saved room {name!r} cannot be read: {error}; or forget it and save it again") from None


def check_free(name: str) -> None:
    """Raises UsageError for a name that is none or taken."""
    if not is_name(name):  # and may be a link that was given in its place: it is not repeated
        raise UsageError("a room cannot be called that: take up to 32 letters a-z, digits, '-' and '_'")
    if (name := name.lower()) in _read():
        raise UsageError(f"there is a saved room {name!r} already: take another name, or pictophone room forget {name}")


def save(name: str, link: RoomLink, in_keyring: bool) -> None:
    """Keeps a room. Raises UsageError for a name that is none or taken, NodeError if it cannot be written."""
    check_free(name)
    kept, name = _read(), name.lower()
    if in_keyring:
        keyrings.put(name, link.reveal())
    _write(kept | {name: IN_KEYRING if in_keyring else link.reveal()})


def forget(name: str) -> None:
    """Keeps the room no longer. Raises UsageError if there is none of that name."""
    kept = _read()
    if name.lower() not in kept:
        raise unknown(name)
    if kept.pop(name.lower()) == IN_KEYRING:
        keyrings.delete(name.lower())
    _write(kept)


def unknown(name: str) -> UsageError:
    """What to say of a name that no room has; what can be no name may be a secret, and is not repeated."""
    called = f" {name!r}" if is_name(name) else " of that name"
    return UsageError(f"there is no saved room{called}: pictophone room list names them")


def _read() -> dict[str, str]:
    if not _may_be_there():
        return {}
    path = file()
    try:
        with path.open("rb") as opened:
            if exposed(os.fstat(opened.fileno())):
                path.chmod(OWNER_ONLY)
                remark(f"others could read {path}, your rooms: now they cannot")
            kept = tomllib.load(opened)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NodeError(f"cannot read your rooms in {str(path)!r}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):  # whose text may show what stands there
        raise NodeError(f"your rooms in {str(path)!r} are no TOML: mend the file or put it aside") from None
    if not all(isinstance(link, str) for link in kept.values()):
        raise NodeError(f'your rooms in {str(path)!r} should each be one line, NAME = "LINK": mend the file')
    return {name.lower(): link for name, link in kept.items()}


def _may_be_there() -> bool:
    """Whether we can have rooms: a user without a home has none, and a home that others own, as after `su`, none of
    ours."""
    try:
        file().stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError, NodeError):
        return False
    except OSError:
        return True  # what is wrong is said when it is read
    return True


def _write(kept: dict[str, str]) -> None:
    """Replaces the file whole, so that it is never half written, nor for a moment readable by others."""
    path = file()
    text = "# The rooms of pictophone. Whoever reads this can enter them.\n"
    text += "".join(f"{name} = {json.dumps(link)}\n" for name, link in sorted(kept.items()))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replaced(path, OWNER_ONLY) as beside:
            beside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NodeError(f"cannot write your rooms to {str(path)!r}: {error.strerror or error}") from None
