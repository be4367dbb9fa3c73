"""The parent's side of the caption process: start it, send it one request at a time, replace it if it dies or hangs.

Why a process, and not a thread: coding is Python, and a thread of it takes the interpreter from the loop at each of the
loop's turns. Measured by `bench_deadlines --hostile` on one core beside a busy process, the loop was late at p99 and
p99.9 by 7 and 14 ms with a process (6 and 17 ms without any hostile peer), by 25 and 39 ms with a thread, and by 16
and 25 ms with a thread and a switch interval of 0.5 ms. The picture worker cannot do it: it paints for seconds at a
time, and it may be dead. The codebook (155 MB) is in the process, and the node itself does not need it then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgpack

from node.captions.coder import Caption, ThreadCoder
from node.common import child_process
from node.common.answering_process import AnsweringProcess
from protocol.captions.registry import CaptionCodecs, Coded
from protocol.errors import CaptionError

logger = logging.getLogger(__name__)

# What the process runs.
MODULE = "node.captions.coding_server"

# Time limit of a process's first reply: it reads the codebook first, .4 s where this was built.
START_S = 60.0

# Time limit of one caption: the worst takes 0.2 s of a slow core, of which a busy machine gives it little.
LONGEST_S = 20.0

# Processes in a row that gave no reply: then captions are coded in a thread for the rest of the call.
MOST_FAILURES = 5


class CoderError(Exception):
    """A caption got no reply: decoding it raised an unexpected error, or ended the process."""


class CaptionProcess:
    """Codes captions in a process of its own, for any number of nodes of one event loop (see `CaptionCoder`).

        async with CaptionProcess(codecs) as captions:
            coded = await captions.encode("a cat", 2)

    The process has one request at a time; the others wait. A process that dies is replaced at the next request, and one
    that does not reply in time is killed: a caption that it was decoding is then refused, and one that it was encoding
    is encoded in a thread.
    """

    def __init__(self, codecs: CaptionCodecs) -> None:
        self.codecs = codecs
        self.restarts = 0
        self._process = AnsweringProcess(child_process.command(MODULE), child_process.environment())
        self._has_replied = False
        self._failures = 0
        self._turn = asyncio.Lock()
        self._in_thread = ThreadCoder(codecs)

    async def __aenter__(self) -> Self:
        """Start the process, so that it has read the codebook before the first caption."""
        with suppress(OSError):
            await self._process.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        await self._process.end()

    @property
    def pid(self) -> int | None:
        """The process's id, to measure it by; None while there is none."""
        return self._process.pid

    async def encode(self, words: str, codec: int) -> Coded:
        """See `CaptionCoder`."""
        with suppress(CoderError):
            reply = await self._ask(["encode", words, codec])
            if reply is not None:
                return Coded(*reply)
        return await self._in_thread.encode(words, codec)

    async def decode(self, codec: int, data: bytes, earlier: str | None = None, measure: bool = False) -> Caption:
        """See `CaptionCoder`. Raises CoderError if the caption ended the process."""
        reply = await self._ask(["decode", codec, data, earlier, measure])
        return await self._in_thread.decode(codec, data, earlier, measure) if reply is None else Caption(*reply)

    async def _ask(self, request: list[Any]) -> list[Any] | None:
        """Return the process's reply; None if no process can be started. Raises CaptionError or CoderError."""
        packed = msgpack.packb(request)
        async with self._turn:
            if self._failures >= MOST_FAILURES or not await self._ensure_process():
                return None
            kind, *values = await self._exchange_in_time(packed)
        match kind:
            case "bad":
                raise CaptionError(*values)
            case "fault":
                raise CoderError(*values)
        return values

    async def _exchange_in_time(self, packed: bytes) -> list[Any]:
        limit_s = LONGEST_S if self._has_replied else START_S
        self._failures += not self._has_replied
        began = time.monotonic()
        try:
            async with asyncio.timeout(limit_s):
                reply = await self._process.exchange(packed)
        except (EOFError, OSError, ValueError) as error:  # TimeoutError is an OSError, and the others mean it is dead
            seconds = time.monotonic() - began
            logger.warning("the caption process gave no answer in %.1f s (%s)", seconds, type(error).__name__)
            await self._process.end()
            raise CoderError(type(error).__name__) from None
        except BaseException:
            await self._process.end()  # its reply would be mistaken for that to another request
            raise
        self._has_replied, self._failures = True, 0
        return reply

    async def _ensure_process(self) -> bool:
        """Replace a process that died, and return whether one could be had; it may be dead again by now."""
        if self._process.runs:
            return True
        self.restarts += 1
        self._has_replied = False
        try:
            await self._process.start()
        except OSError as error:
            self._failures += 1
            logger.warning("no caption process: %s", error.strerror)
            return False
        return True
