"""Secrets that a person hands over, by one line of a file or typed unseen, and our own files of them.

None but their owner reads those, and no crash may leave a secret elsewhere on the disk.
"""

from __future__ import annotations

import os
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

from node.common.files import replaced
from node.common.output import ask_unseen, remark
from protocol.errors import NodeError, UsageError

MAX_LINE = 4096  # characters; a room's link with a long login has 600
OWNER_ONLY = 0o600
OTHERS = 0o077


def read_line(path: Path, what: str) -> str:
    """Return the first line of the file that holds `what`, without spaces around it.

    Raises NodeError, which shows nothing of it, if the file cannot be read, others may read it, or it has none.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if exposed(os.fstat(file.fileno())):
                raise NodeError(f"others can read {str(path)!r}, which holds {what}: run chmod 600 on it")
            line = file.readline(MAX_LINE + 1)
    except OSError as error:
        raise NodeError(f"cannot read {what} from {str(path)!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise NodeError(f"cannot read {what} from {str(path)!r}: it is no text") from None
    if len(line) > MAX_LINE or not line.strip():
        fault = "empty" if not line.strip() else "too long"
        raise NodeError(f"the first line of {str(path)!r} should hold {what}, and is {fault}")
    return line.strip()


def exposed(status: os.stat_result) -> bool:
    """Return whether others than the owner may read or write a file. Pipes have no others, Windows no such modes."""
    return os.name == "posix" and stat.S_ISREG(status.st_mode) and bool(status.st_mode & OTHERS)


def load(path: Path, what: str) -> dict[str, Any] | None:
    """Return what a file of our own says, which is TOML; None if there is none.

    If others could read it they no longer can, and a line says so.
    Raises NodeError if it cannot be read, and ValueError, whose text may quote a secret, if it is no TOML.
    """
    try:
        with path.open("rb") as opened:
            if exposed(os.fstat(opened.fileno())):
                path.chmod(OWNER_ONLY)
                remark(f"others could read {path}, {what}: now they cannot")
            return tomllib.load(opened)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NodeError(f"cannot read {what} in {str(path)!r}: {error.strerror or error}") from None


def save(path: Path, text: str, what: str) -> None:
    """Replace a file of our own at once, so that it is never half written, nor for a moment readable by others.

    Raises NodeError if it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replaced(path, OWNER_ONLY) as beside:
            beside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NodeError(f"cannot write {what} to {str(path)!r}: {error.strerror or error}") from None


def ask(what: str) -> str:
    """Return what the user types, unseen, or the next line of a standard input that is no terminal.

    Raises UsageError if nothing comes.
    """
    try:
        said = ask_unseen(what) if sys.stdin.isatty() else sys.stdin.readline(MAX_LINE + 1)
    except EOFError:
        said = ""
    if not said.strip():
        raise UsageError(f"no {what} was given on standard input")
    return said.strip()


def forbid_core_dumps() -> None:
    """Have the system write no core of this process, or of those that it starts: a secret would be in it."""
    try:
        import resource
    except ImportError:  # Windows, which writes none by default
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
