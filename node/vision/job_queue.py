"""The line before the worker: who waits for what, how many may, and who has to go when there is no room."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from node.vision.ipc import CaptionImage, CaptionReply, ImageReply, PaintBetween, PaintImage

LONGEST_LINE = 32
"""Waiting requests in all: sixteen callers with both kinds. A longer line would mean minutes of waiting."""


@dataclass(frozen=True, slots=True)
class Job:
    """A request that somebody waits for, and where its reply goes. `extra` ones give way to all others."""

    client: str
    role: str
    request: CaptionImage | PaintImage | PaintBetween
    reply: asyncio.Future[CaptionReply | ImageReply] = field(repr=False)
    extra: bool = False


class JobQueue:
    """Jobs in the order of their coming, at most one of each client and role: the newest picture is the one
    that matters. A newer job takes the older one's place; with LONGEST_LINE waiting, the oldest has to go, an extra
    one if there is any. Extra jobs are served when no other is left.
    """

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, str], Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> Job | None:
        """Let the job wait; the job that lost its place to it, if any: itself, if it is extra and there is no room."""
        key = (job.client, job.role)
        displaced = self._jobs.get(key)
        if displaced is None and len(self._jobs) >= LONGEST_LINE:
            oldest = next(self._keys(extra=True), None)
            if oldest is None and job.extra:
                return job
            displaced = self._jobs.pop(oldest or next(iter(self._jobs)))
        self._jobs[key] = job
        return displaced

    def take(self, roles: Container[str]) -> Job | None:
        """The first job for one of the roles, out of the line; None when there is none."""
        for extra in (False, True):
            for key in self._keys(extra):
                if self._jobs[key].role in roles:
                    return self._jobs.pop(key)
        return None

    def leave(self, job: Job) -> None:
        """The job's caller gave up waiting. Nothing happens when it is not in the line."""
        if self._jobs.get((job.client, job.role)) is job:
            del self._jobs[job.client, job.role]

    def clear(self) -> list[Job]:
        """All jobs, out of the line."""
        jobs = list(self._jobs.values())
        self._jobs.clear()
        return jobs

    def _keys(self, extra: bool) -> Iterator[tuple[str, str]]:
        """The places of the jobs that are extra, or of those that are not, in their order."""
        return (key for key, job in self._jobs.items() if job.extra is extra)
