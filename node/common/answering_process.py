"""A child process that answers requests: msgpack arrays on its standard input and output, one at a time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgpack

from node.common import child_process

# Of a pipe at a time: replies are some text, or seconds of sound.
READ_BYTES = 1 << 16

# The largest reply, unless its user says otherwise; it is more than any text.
MAX_REPLY = 1 << 20


class AnsweringProcess:
    """Runs a command of ours, and sends it requests. A process that died is started again by `start`.

    With `own_session` it has a session, and so a share of the cores, of its own, and all that it starts ends with it.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        max_reply: int = MAX_REPLY,
        own_session: bool = False,
    ) -> None:
        self._command, self._environment, self._max_reply = command, environment, max_reply
        self._own_session = own_session and sys.platform != "win32"
        self._process: asyncio.subprocess.Process | None = None
        self._replies = msgpack.Unpacker()

    @property
    def pid(self) -> int | None:
        """The process's id, to measure it by; None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def runs(self) -> bool:
        """Whether there is a process that is not known to have ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process, in place of one that there was. Raises OSError if the system has none to give."""
        await self.end()
        self._replies = msgpack.Unpacker(max_buffer_size=self._max_reply)
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd=child_process.working_folder(),
            creationflags=child_process.WINDOWS_FLAGS,
            start_new_session=self._own_session,
        )

    async def exchange(self, request: bytes) -> list[Any]:
        """Send a packed request, and return its reply. Raises EOFError or OSError if it died, ValueError for no reply.

        Whoever is cancelled here has to `end` the process: the reply would be taken for that to another request.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(request)
        await self._process.stdin.drain()
        return await self.read()

    async def read(self) -> list[Any]:
        """Return the next reply; raises as `exchange` does."""
        assert self._process is not None
        assert self._process.stdout is not None
        while (reply := next(self._replies, None)) is None:
            if not (read := await self._process.stdout.read(READ_BYTES)):
                raise EOFError
            self._feed(read)
        if not isinstance(reply, list) or not reply:
            raise ValueError("no reply")
        return reply

    def _feed(self, read: bytes) -> None:
        try:
            self._replies.feed(read)
        except msgpack.BufferFull:
            raise ValueError("a reply that is too long") from None

    async def end(self) -> None:
        """Kill the process, if there is one: it has no state to save."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            if not self._own_session:
                process.kill()
            elif process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
