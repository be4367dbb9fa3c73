"""The parent's side of the model process: start it, send it one request at a time, watch it, end it.

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
from typing import IO

from node.common import child_process
from node.vision import cpu_budget
from node.vision.hang_detector import POLL_S, SLOW_S, HangDetector, measure_activity
from node.vision.ipc import LoadModel, Message, Request, encode_message, read_message
from node.vision.loading import QUIET
from node.vision.presets import is_folder
from protocol.errors import NodeError

# What the process runs.
MODULE = "node.vision.model_server"


class ProcessCrash(Exception):
    """The process ended by itself, or hangs and cannot be used any more; the text says how, for the user."""


class Unsendable(Exception):
    """This request cannot be encoded; nothing of it was sent, and other requests may succeed."""


class ModelProcess:
    """A running `python -m node.vision.model_server`; `start_process` makes one.

    `slow` is called, with the seconds, when a request takes long.
    """

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes], slow: Callable[[Request, float], None]):
        self.pid = process.pid
        self._process, self._errors, self._slow = process, errors, slow
        self._pipes = ThreadPoolExecutor(1, "picture worker")

    async def ask(self, request: Request) -> Message:
        """Send a request and wait for its reply, one request at a time.

        Raises ProcessCrash if the process dies or hangs instead, Unsendable if the request cannot be encoded. After a
        call that was cancelled, the process cannot be used any more.
        """
        reply = asyncio.get_running_loop().run_in_executor(self._pipes, self._exchange, request)
        reply.add_done_callback(_retrieve_exception)
        detector, noted = HangDetector(time.monotonic(), _may_be_online(request)), False
        while not (await asyncio.wait([reply], timeout=POLL_S))[0]:
            now = time.monotonic()
            if detector.hangs(measure_activity(self.pid), now):
                raise ProcessCrash(f"it did nothing for {detector.still_s:.0f} s")
            if detector.elapsed_s(now) >= SLOW_S and not noted:
                noted = True
                self._slow(request, detector.elapsed_s(now))
        return reply.result()

    def _exchange(self, request: Request) -> Message:
        """Write one request and read its reply, in the thread."""
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
            raise ProcessCrash(child_process.cause_of_death(self._process.wait(), self._errors)) from None
        except Exception as error:
            raise ProcessCrash(f"its reply cannot be read ({type(error).__name__})") from error

    async def end(self) -> None:
        """Kill the process, stopped or not, and its children; wait until it is gone. It has no state to save."""
        if self._process.returncode is None:
            self._kill()
        await asyncio.to_thread(self._release)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self.pid, signal.SIGKILL)

    def _release(self) -> None:
        self._process.wait()
        self._pipes.shutdown()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # half a request may be left in it
                    pipe.close()


def _may_be_online(request: Request) -> bool:
    return isinstance(request, LoadModel) and not is_folder(request.model)


def _retrieve_exception(reply: asyncio.Future[Message]) -> None:
    """Retrieve the exception of a request that may have been cancelled: else asyncio logs one never retrieved."""
    if not reply.cancelled():
        reply.exception()


def _ignore(request: Request, seconds: float) -> None:
    """Do nothing: the caller has no use for slow requests."""


@asynccontextmanager
async def start_process(
    models: Iterable[str], slow: Callable[[Request, float], None] = _ignore
) -> AsyncIterator[ModelProcess]:
    """Start a process for these models, none of which is loaded yet; if all are folders, without use of the network.

    It is started before anything is awaited, and killed at the end of the context. Raises NodeError if the system does
    not start it.
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
            child_process.command(MODULE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd=child_process.working_folder(),  # the libraries do not load in a folder that was deleted
            creationflags=child_process.WINDOWS_FLAGS,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise NodeError(f"cannot start the picture worker ({error.strerror}): free memory and try again") from error


def _environment(offline: bool) -> dict[str, str]:
    """Return the environment of a child, with quiet libraries and a share of the cores, except what the user has set.

    It has no settings: models are strangers' work.
    """
    defaults = {
        **QUIET,
        "OMP_NUM_THREADS": str(cpu_budget.model_threads()),
        # Threads that wait for each other sleep: spinning would take the core that speech is about to need.
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    return defaults | child_process.environment() | ({"HF_HUB_OFFLINE": "1"} if offline else {})
