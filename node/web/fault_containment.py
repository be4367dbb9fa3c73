"""What goes wrong for one browser stays there: it is counted, noted once without what was sent."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from node.web.requests import RETRY_AFTER, refused

logger = logging.getLogger(__name__)


class TaskOwner(Protocol):
    """What owns tasks, as `asyncio.TaskGroup` does."""

    def create_task(self, work: Coroutine[Any, Any, None], *, name: str | None = None) -> asyncio.Task[None]: ...


class Failures:
    """Counts what went wrong, by the kind of error, and notes the first of each kind."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._kinds: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How much went wrong."""
        return self._kinds.total()

    def add(self, error: Exception) -> None:
        """Count an error. What it says stays unsaid: it may quote a browser, or a caption."""
        kind = type(error).__name__
        self._kinds[kind] += 1
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        line = "" if where is None else f" at {where.tb_frame.f_code.co_filename}:{where.tb_lineno}"
        logger.debug("%s%s", kind, line)
        if self._kinds[kind] == 1:
            self._note(f"something went wrong for a browser ({kind}); the call goes on")

    @contextlib.contextmanager
    def contained(self) -> Iterator[None]:
        """Keep an error from going further."""
        try:
            yield
        except Exception as error:
            self.add(error)


class ContainedTasks:
    """Tasks of browsers in a group that would end with the first error of any."""

    def __init__(self, tasks: TaskOwner, failures: Failures) -> None:
        self._tasks, self._failures = tasks, failures

    def create_task(self, work: Coroutine[Any, Any, None], *, name: str | None = None) -> asyncio.Task[None]:
        """Begin the work."""

        async def contained() -> None:
            with self._failures.contained():
                await work

        return self._tasks.create_task(contained(), name=name)


def contained(failures: Failures) -> Middleware:
    """Return what answers a request that went wrong."""

    @web.middleware
    async def contain(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPException, ConnectionError):
            raise
        except OSError as error:
            failures.add(error)
            return refused(503, "the node lacks what this takes; try again later", RETRY_AFTER)
        except Exception as error:
            failures.add(error)
            return refused(500, "this went wrong in the node; nothing else did")

    return contain
