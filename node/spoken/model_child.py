"""The parent's side of a speech model's process: start it, send it one request at a time, replace it if it fails.

The child gives way to everything (niceness 19), so that its replies may take their time; speech waits for none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgpack

from node.common import child_process
from node.common.answering_process import AnsweringProcess
from protocol.errors import NodeError

logger = logging.getLogger(__name__)

# Time limit of loading a model from the disk: it takes one second where this was built, and some of a slow core beside
# a busy call. A model of the hub has to come over the network first.
START_S, FETCH_S = 120.0, 1800.0

# Time limit of one reply: an utterance of 20 s takes 1.5 s of a core, of which little may be left for it.
LONGEST_S = 90.0

# Processes in a row that gave no reply: then the model is given up.
MOST_FAILURES = 3

LEFT_OUT = "%s gave no answer, and what it was asked is left out: %s"

# The largest reply: half a minute of sound takes a megabyte. More is a fault.
MAX_REPLY = 1 << 23


class ModelChild:
    """Runs `python -m MODULE ARGUMENTS`, for any number of users of one event loop.

    The process begins to load with the context, and ends with it. It says `["ready"]` or `["failed", why]`
    first, and then answers each request, one at a time. One that dies or gives no reply is replaced at the next
    request; `what` names it to the user.
    """

    def __init__(self, what: str, module: str, arguments: Sequence[str], *, online: bool = False) -> None:
        self._what, self._online = what, online
        command = (*child_process.command(module), *arguments)
        self._process = AnsweringProcess(command, environment(online), max_reply=MAX_REPLY, own_session=True)
        self.restarts = 0
        self._is_ready = False
        self._failures = 0
        self._given_up = ""
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        with suppress(OSError):  # it is tried again at the first request
            await self._process.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._process.end()

    @property
    def pid(self) -> int | None:
        """The process's id, to measure it by; None while there is none."""
        return self._process.pid

    async def prepare(self) -> None:
        """Wait until the model is loaded. Raises NodeError if it cannot be used; what died is replaced when asked."""
        async with self._turn:
            with suppress(EOFError, OSError, ValueError):
                await self._ensure_loaded()

    async def ask(self, *request: Any) -> Any | None:
        """Return the reply to a request; None if there is none this time. Raises NodeError if the model is given up."""
        async with self._turn:
            try:
                await self._ensure_loaded()
                async with asyncio.timeout(LONGEST_S):
                    kind, *values = await self._process.exchange(msgpack.packb(request))
            except (EOFError, OSError, ValueError) as error:  # TimeoutError is an OSError
                self.restarts += 1
                await self._failed(_reason(error))
                return None
            except asyncio.CancelledError:
                await self._process.end()  # its reply would be mistaken for that to another request
                raise
        self._failures = 0
        if kind != "done":  # of this request alone: words of others may be such that no voice can say them
            logger.warning(LEFT_OUT, self._what, values[0])
        return values[0] if kind == "done" else None

    async def _ensure_loaded(self) -> None:
        """Have a process that is ready. Raises NodeError, OSError or EOFError if there is none."""
        if self._given_up:
            raise NodeError(self._given_up)
        if not self._process.runs:
            self._is_ready = False
            await self._process.start()
        if self._is_ready:
            return
        try:
            async with asyncio.timeout(FETCH_S if self._online else START_S):
                kind, *values = await self._process.read()
        except BaseException:
            await self._process.end()
            raise
        if kind != "ready":
            await self._process.end()
            self._given_up = f"{self._what}: {values[0]}"
            raise NodeError(self._given_up)
        self._is_ready = True

    async def _failed(self, reason: str) -> None:
        """End the process: the next request has a new one. Raises NodeError if that was tried too often."""
        await self._process.end()
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            self._given_up = f"{self._what} failed {self._failures} times in a row: {reason}"
            raise NodeError(self._given_up)
        logger.warning(LEFT_OUT, self._what, reason)


def _reason(error: Exception) -> str:
    match error:
        case EOFError() | ConnectionError():
            return "its process ended"
        case TimeoutError():
            return "it took too long"
        case _:
            return str(error)


def environment(online: bool) -> dict[str, str]:
    """Return a child's environment: without settings or reports home, offline unless the user named a hub's model."""
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "ORT_DISABLE_TELEMETRY": "1"}
    threads = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    return child_process.environment() | quiet | threads | ({} if online else {"HF_HUB_OFFLINE": "1"})
