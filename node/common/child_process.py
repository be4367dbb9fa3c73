"""Child processes of the node: their command, environment and priority, and the pipe through which they reply."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, BinaryIO

# For `creationflags` on Windows. The process group keeps the terminal's Ctrl-C away: the parent decides when the child
# ends. Elsewhere a child lowers its own priority.
WINDOWS_FLAGS = 0
if sys.platform == "win32":
    import subprocess

    WINDOWS_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS

# Of the end of a child's error output, in which the reason of its death is searched.
ERROR_OUTPUT_BYTES = 2000


def command(module: str) -> tuple[str, ...]:
    """Return the command that runs one of our modules in this interpreter."""
    return sys.executable, "-P", "-m", module


def environment() -> dict[str, str]:
    """Return this process's environment for a child, with this very package first on its path."""
    inherited = without_settings()
    paths = [str(Path(__file__).parents[2]), *filter(None, [inherited.get("PYTHONPATH")])]
    return inherited | {"PYTHONPATH": os.pathsep.join(paths)}


def without_settings() -> dict[str, str]:
    """Return this process's environment without our settings: the room's secret may be among them."""
    from node.common.config import ENVIRONMENT_PREFIX  # pydantic-settings, which the children can do without

    return {name: value for name, value in os.environ.items() if not name.upper().startswith(ENVIRONMENT_PREFIX)}


def working_folder() -> str | None:
    """Return the folder for a child to run in: None for this one, or the root if this one was deleted."""
    try:
        Path.cwd()
    except OSError:
        return os.sep
    return None


def claim_stdout() -> BinaryIO:
    """Reserve this process's standard output for replies; what libraries print goes to standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


def cause_of_death(code: int, errors: IO[bytes]) -> str:
    """Return how a child ended: the signal, or the last line of its error output (of a traceback)."""
    if code < 0:
        return f"signal {-code}"
    end = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, end - ERROR_OUTPUT_BYTES))
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"exit code {code}"
