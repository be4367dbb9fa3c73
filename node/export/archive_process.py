"""The parent's side of an archive's worker on this machine: start it, send it one unit at a time, watch it, end it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import IO, Any, Protocol

from node.common import child_process
from node.export.archive_messages import ArchiveJob, outcome_of, pack, unpack, unpacker
from node.export.archive_units import Outcome, Unit
from node.vision.hang_detector import POLL_S, HangDetector, measure_activity
from node.vision.loading import QUIET
from protocol.errors import NodeError

# What the process runs.
MODULE = "node.export.archive_server"


READ_BYTES = 1 << 16


class WorkerDied(Exception):
    """A worker ended by itself, or hangs and was killed; the text says how, for the user."""


class HiredWorker(Protocol):
    """A worker of any kind, while it is hired."""

    async def export(self, unit: Unit, done: Callable[[float], None]) -> Outcome:
        """Export a unit; `done` gets the share that is done. Raises WorkerDied."""


class WorkerProcess:
    """A running `python -m node.export.archive_server`; `hire_process` makes one."""

    def __init__(self, process: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        self._process, self._errors, self._stream = process, errors, unpacker()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, message: Any) -> None:
        """Send a message. It never waits: one unit is on its way at most."""
        assert self._process.stdin is not None
        self._process.stdin.write(pack(message))

    async def export(self, unit: Unit, done: Callable[[float], None]) -> Outcome:
        """See `HiredWorker`."""
        self.send(unit)
        reply = asyncio.create_task(self._outcome(done))
        detector = HangDetector(time.monotonic(), online=True)
        try:
            while not (await asyncio.wait([reply], timeout=POLL_S))[0]:
                if detector.hangs(measure_activity(self.pid), time.monotonic()):
                    raise WorkerDied(f"it did nothing for {detector.still_s:.0f} s")
        finally:
            reply.cancel()
        return reply.result()

    async def _outcome(self, done: Callable[[float], None]) -> Outcome:
        pipe = self._process.stdout
        assert pipe is not None
        while True:
            for kind, value in self._stream:
                if kind == "outcome":
                    return outcome_of(unpack(value))
                done(value)
            if not (read := await pipe.read(READ_BYTES)):
                raise WorkerDied(child_process.cause_of_death(await self._process.wait(), self._errors))
            self._stream.feed(read)

    async def end(self) -> None:
        """Kill the process: what it has not finished is made anew."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def hire_process(job: ArchiveJob) -> AsyncIterator[WorkerProcess]:
    """Start a worker for the length of the context. Raises NodeError if the system does not start it."""
    with tempfile.TemporaryFile() as errors:
        worker = WorkerProcess(await _spawn(errors), errors)
        try:
            worker.send(job)
            yield worker
        finally:
            await worker.end()


async def _spawn(errors: IO[bytes]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *child_process.command(MODULE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            cwd=child_process.working_folder(),
            creationflags=child_process.WINDOWS_FLAGS,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise NodeError(f"cannot start a worker ({error.strerror}): give fewer --jobs") from error


def _environment() -> dict[str, str]:
    """Return the environment of a worker: quiet libraries, one thread, none of our settings."""
    return QUIET | child_process.environment() | {"OMP_NUM_THREADS": "1"}
