"""The model process as its parent sees it: started, asked one thing at a time, watched, ended.

A thread of its own writes the requests and reads the replies, megabytes of pixels at times; the loop only waits.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

from node.vision import cpu_budget
from node.vision.hang_detector import LOOK_S, SLOW_S, HangDetector, activity
from node.vision.ipc import LoadModel, Message, Request, encode_message, read_message
from node.vision.loading import QUIET
from node.vision.presets import is_folder
from protocol.errors import NodeError

MODULE = "node.vision.model_server"
"""What the process runs."""

LAST_WORDS_BYTES = 2000
"""How much of its error output is looked at for the reason of a process's death."""


WINDOWS_FLAGS = 0
if sys.platform == "win32":
    WINDOWS_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
"""Like a session of its own elsewhere, the group keeps the terminal's Ctrl-C away: the parent decides when it ends."""


class ProcessCrash(Exception):
    """The process ended by itself, or hangs and is of no more use; the text says how, for a person."""


class Unsendable(Exception):
    """This request cannot be sent; nothing of it was, and the next one may be."""


class ModelProcess:
    """A running `python -m node.vision.model_server`; `start_process` makes one.

    `slow` is told, with the seconds, when a request takes long.
    """

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes], slow: Callable[[Request, float], None]):
        self.pid = process.pid
        self._process, self._errors, self._slow = process, errors, slow
        self._pipes = ThreadPoolExecutor(1, "picture worker")

    async def ask(self, request: Request) -> Message:
        """Send a request and wait for its reply. Raises Crash when the process dies or hangs instead, Unfit when the
        request cannot be sent.

        One at a time; a call that was cancelled leaves the process of no more use.
        """
        reply = asyncio.get_running_loop().run_in_executor(self._pipes, self._exchange, request)
        reply.add_done_callback(_look)
        patience, told = HangDetector(time.monotonic(), _may_be_online(request)), False
        while not (await asyncio.wait([reply], timeout=LOOK_S))[0]:
            now = time.monotonic()
            if patience.hangs(activity(self.pid), now):
                raise ProcessCrash(f"it did nothing for {patience.still_s:.0f} s")
            if patience.took(now) >= SLOW_S and not told:
                told = True
                self._slow(request, patience.took(now))
        return reply.result()

    def _exchange(self, request: Request) -> Message:
        """In the thread: one request and its reply."""
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None
        assert replies is not None
        try:
            data = encode_message(request)
        except Exception as error:
            raise Unsendable(f"{type(error).__name__}: the request cannot be sent") from error
        try:
            requests.write(data)
            requests.flush()
            return read_message(replies)
        except (EOFError, OSError):
            raise ProcessCrash(self._death(self._process.wait())) from None
        except Exception as error:
            raise ProcessCrash(f"its reply cannot be read ({type(error).__name__})") from error

    async def end(self) -> None:
        """Kill it, stopped or not, and what it started; wait until it is gone. It holds nothing worth saving."""
        if self._process.returncode is None:
            self._kill()
        await asyncio.to_thread(self._clear_away)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self.pid, signal.SIGKILL)

    def _clear_away(self) -> None:
        self._process.wait()
        self._pipes.shutdown()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # half a request may be left in it
                    pipe.close()

    def _death(self, code: int) -> str:
        """How it ended: the signal, or else the last line of its error output, such as a traceback's."""
        if code < 0:
            return f"signal {-code}"
        end = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, end - LAST_WORDS_BYTES))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else f"exit code {code}"


def _may_be_online(request: Request) -> bool:
    return isinstance(request, LoadModel) and not is_folder(request.model)


def _look(reply: asyncio.Future[Message]) -> None:
    """At what became of a request that may have been given up: else asyncio complains of an exception unseen."""
    if not reply.cancelled():
        reply.exception()


def _ignore(request: Request, seconds: float) -> None:
    """Nobody wants to know."""


@asynccontextmanager
async def start_process(
    models: Iterable[str], slow: Callable[[Request, float], None] = _ignore
) -> AsyncIterator[ModelProcess]:
    """A process for these models (none is loaded yet); for folders alone it may not use the network at all.

    It is started before anything is awaited, and killed at the end of the context. Raises NodeError when the system
    does not let us start it.
    """
    with tempfile.TemporaryFile() as errors:
        process = ModelProcess(_spawn(errors, _environment(offline=all(map(is_folder, models)))), errors, slow)
        try:
            yield process
        finally:
            await process.end()


def _spawn(errors: IO[bytes], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            (sys.executable, "-P", "-m", MODULE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
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
    from node.common.config import ENVIRONMENT_PREFIX

    here = str(Path(__file__).parents[2])
    inherited = os.environ.get("PYTHONPATH")
    ours = {
        **QUIET,
        "OMP_NUM_THREADS": str(cpu_budget.model_threads()),
        # Threads that wait for each other sleep: spinning would take the core that speech is about to need.
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    forced = {"PYTHONPATH": here if not inherited else os.pathsep.join((here, inherited))}
    if offline:
        forced["HF_HUB_OFFLINE"] = "1"
    theirs = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENVIRONMENT_PREFIX)}
    return {**ours, **theirs, **forced}
