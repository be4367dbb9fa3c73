"""Containment of faults: an error while serving one browser is counted and noted, and ends nothing else."""

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
    """An owner of tasks, as `asyncio.TaskGroup` is."""

    def create_task(self, work: Coroutine[Any, Any, None], *, name: str | None = None) -> asyncio.Task[None]: ...


class Failures:
    """Counts errors by class, and notes the first of each class."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._counts: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """The number of all errors."""
        return self._counts.total()

    def add(self, error: Exception) -> None:
        """Count an error. Its message is neither noted nor logged: it may quote a browser, or a caption."""
        kind = type(error).__name__
        self._counts[kind] += 1
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        line = "" if traceback is None else f" at {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        logger.debug("%s%s", kind, line)
        if self._counts[kind] == 1:
            self._note(f"something went wrong for a browser ({kind}); the call goes on")

    @contextlib.contextmanager
    def contained(self) -> Iterator[None]:
        """Count an error instead of raising it."""
        try:
            yield
        except Exception as error:
            self.add(error)


class ContainedTasks:
    """Creates tasks whose errors are counted, in a group that would end with the first error of any task."""

    def __init__(self, tasks: TaskOwner, failures: Failures) -> None:
        self._tasks, self._failures = tasks, failures

    def create_task(self, work: Coroutine[Any, Any, None], *, name: str | None = None) -> asyncio.Task[None]:
        """Create a task; see `asyncio.TaskGroup.create_task`."""

        async def contained() -> None:
            with self._failures.contained():
                await work

        return self._tasks.create_task(contained(), name=name)


def containment_middleware(failures: Failures) -> Middleware:
    """Return the middleware that answers a request whose handler raised an error."""

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
