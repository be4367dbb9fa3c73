"""The model process as its parent sees it: started, asked one thing at a time, ended."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

from node.vision.loading import QUIET
from node.vision.pipe import Message, Request, encode, receive
from node.vision.presets import is_folder
from protocol.errors import NodeError

MODULE = "node.vision.child"
"""What the process runs."""

READ_AHEAD_BYTES = 4 << 20
"""One 1024-pixel painting at once."""

MOST_THREADS = 8
"""The embedded models gain nothing beyond; large models run on a GPU."""

LAST_WORDS_BYTES = 2000
"""How much of its error output is looked at for the reason of a process's death."""


WINDOWS_FLAGS = 0
if sys.platform == "win32":
    WINDOWS_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
"""Like a session of its own elsewhere, the group keeps the terminal's Ctrl-C away: the parent decides when it ends."""


class Crash(Exception):
    """The process ended by itself; the text says how, for a person."""


class ModelProcess:
    """A running `python -m node.vision.child`; `start_process` makes one."""

    def __init__(self, process: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self._process = process
        self._requests, self._replies = process.stdin, process.stdout
        self._errors = errors

    async def ask(self, request: Request) -> Message:
        """Send a request and wait for its reply. Raises Crash when the process dies instead.

        One at a time; a call that was cancelled leaves the process of no more use.
        """
        try:
            self._requests.write(encode(request))
            await self._requests.drain()
            return await receive(self._replies)
        except (EOFError, ConnectionError):
            code = await self._process.wait()
            raise Crash(self._death(code)) from None

    def _death(self, code: int) -> str:
        """How it ended: the signal, or else the last line of its error output, such as a traceback's."""
        if code < 0:
            return f"signal {-code}"
        end = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, end - LAST_WORDS_BYTES))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else f"exit code {code}"


@asynccontextmanager
async def start_process(models: Iterable[str]) -> AsyncIterator[ModelProcess]:
    """A process for these models (none is loaded yet); for folders alone it may not use the network at all.

    It is killed at the end of the context, for it holds nothing worth saving. Raises NodeError when the system
    does not let us start it.
    """
    with tempfile.TemporaryFile() as errors:
        process = await _spawn(errors, _environment(offline=all(map(is_folder, models))))
        try:
            yield ModelProcess(process, errors)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _spawn(errors: IO[bytes], environment: dict[str, str]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", MODULE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            limit=READ_AHEAD_BYTES,
            env=environment,
            cwd=_folder(),
            creationflags=WINDOWS_FLAGS,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise NodeError(f"cannot start the picture worker ({error.strerror}): free memory and try again") from error


def _folder() -> str | None:
    """Where the process runs: here, unless this folder was deleted, in which the libraries do not load."""
    try:
        Path.cwd()
    except OSError:
        return os.sep
    return None


def _environment(offline: bool) -> dict[str, str]:
    """The parent's environment, quiet, with this very package first on the path, and the cores shared.

    Settings stay behind: the room's secret may be among them, and models are strangers' work.
    """
    from node.config import ENVIRONMENT_PREFIX

    here = str(Path(__file__).parents[2])
    inherited = os.environ.get("PYTHONPATH")
    ours = {
        **QUIET,
        "OMP_NUM_THREADS": str(_threads()),
        # Threads that wait for each other sleep: spinning would take the core that speech is about to need.
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    forced = {"PYTHONPATH": here if not inherited else os.pathsep.join((here, inherited))}
    if offline:
        forced["HF_HUB_OFFLINE"] = "1"
    theirs = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENVIRONMENT_PREFIX)}
    return {**ours, **theirs, **forced}


def _threads() -> int:
    """Two on two cores (priority settles who runs), else one less than there are, so that the loop has its own."""
    cores = os.cpu_count() or 1
    return min(cores if cores <= 2 else cores - 1, MOST_THREADS)
