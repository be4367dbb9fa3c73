"""One setting that a program writes: into the settings file, whose other lines and comments stay as they are."""

from __future__ import annotations

import json
import re
import stat
import tomllib
from pathlib import Path

from node.common import config
from node.common.files import replaced, unwritable
from node.common.secret_input import OWNER_ONLY
from protocol.errors import NodeError


def keep(key: str, value: str) -> None:
    """Write the setting to the settings file in force, or to a new one in the user's folder.

    Raises NodeError if the file cannot be read or written.
    """
    path = config.settings_file() or config.folder() / "settings.toml"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path.resolve(), with_setting(_text(path), key, value))
    except (tomllib.TOMLDecodeError, UnicodeError):
        raise NodeError(f"cannot keep {key!r} in {str(path)!r}: the file is no TOML that this can write in") from None
    except OSError as error:
        raise unwritable(path, error, "settings") from None


def with_setting(text: str, key: str, value: str) -> str:
    """Return the text of a settings file with this setting in it: in the line that it has, else in a new first one.

    Raises TOMLDecodeError if the text is no TOML, or if that would change any other setting.
    """
    expected = tomllib.loads(text) | {key: value}
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    there = re.compile(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=[^\r\n]*", re.MULTILINE)
    changed, found = there.subn(lambda _: line, text, count=1)
    if not found:
        changed = f"{line}\n{text}"
    if tomllib.loads(changed) != expected:
        raise tomllib.TOMLDecodeError(f"{key!r} is not in a line of its own")
    return changed


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    """Replace the file, never half written. Its mode stays: it may hold a password; a new one is the owner's alone."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else OWNER_ONLY
    with replaced(path, OWNER_ONLY) as beside:
        beside.write_bytes(text.encode("utf-8"))
        beside.chmod(mode)
