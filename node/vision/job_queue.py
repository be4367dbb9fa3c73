"""Queues in which a newer picture replaces an older one: of peers' pictures, and of requests for the model process."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from node.vision.ipc import CaptionImage, CaptionReply, ImageReply, PaintBetween, PaintImage

T = TypeVar("T")

# Waiting requests in all: sixteen callers with both roles. A longer queue would mean minutes of waiting.
MAX_WAITING = 32


class LatestOfEach(Generic[T]):
    """The newest item of each peer, of which the one put in first is next: as many items as there are peers."""

    def __init__(self) -> None:
        self._items: dict[str, T] = {}
        self._has_new = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, peer: str, item: T) -> None:
        """Queue an item behind those of all others, in place of an older one of the same peer."""
        self._items.pop(peer, None)
        self._items[peer] = item
        self._has_new.set()

    def take(self) -> tuple[str, T]:
        """Remove and return the next item, and its peer. Raises StopIteration if there is none."""
        peer = next(iter(self._items))
        return peer, self._items.pop(peer)

    def discard(self, peer: str) -> None:
        """Remove the item of a peer, if there is one."""
        self._items.pop(peer, None)

    def clear(self) -> None:
        """Remove all items."""
        self._items.clear()

    async def wait(self) -> None:
        """Wait until there is an item."""
        while not self._items:
            self._has_new.clear()
            await self._has_new.wait()


@dataclass(frozen=True, slots=True)
class Job:
    """A waiting request, and the future of its reply. `extra` ones yield to all others."""

    client: str
    role: str
    request: CaptionImage | PaintImage | PaintBetween
    reply: asyncio.Future[CaptionReply | ImageReply] = field(repr=False)
    extra: bool = False


class JobQueue:
    """Jobs in the order of their arrival, at most one of each client and role: only the newest picture matters.

    A newer job replaces the older one in its position; with MAX_WAITING waiting, the oldest is dropped, an extra one if
    there is any. Extra jobs are served when no other is left.
    """

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, str], Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> Job | None:
        """Queue a job; return the one dropped for it, if any: itself, if it is extra and there is no room."""
        key = (job.client, job.role)
        dropped = self._jobs.get(key)
        if dropped is None and len(self._jobs) >= MAX_WAITING:
            oldest = next(self._keys(extra=True), None)
            if oldest is None and job.extra:
                return job
            dropped = self._jobs.pop(oldest or next(iter(self._jobs)))
        self._jobs[key] = job
        return dropped

    def take(self, roles: Container[str]) -> Job | None:
        """Remove and return the first job for one of the roles; None if there is none."""
        for extra in (False, True):
            for key in self._keys(extra):
                if self._jobs[key].role in roles:
                    return self._jobs.pop(key)
        return None

    def discard(self, job: Job) -> None:
        """Remove a job that its caller no longer waits for, if it is queued."""
        if self._jobs.get((job.client, job.role)) is job:
            del self._jobs[job.client, job.role]

    def clear(self) -> list[Job]:
        """Remove and return all jobs."""
        jobs = list(self._jobs.values())
        self._jobs.clear()
        return jobs

    def _keys(self, extra: bool) -> Iterator[tuple[str, str]]:
        """Yield the keys of the jobs that are extra, or of those that are not, in their order."""
        return (key for key, job in self._jobs.items() if job.extra is extra)
