"""Makes an archive: many sessions exported by some workers, each of which keeps its models from one to the next.

A unit that fails is tried again, last of all; a worker that dies is replaced. What is finished gets its name here, in
one process: a worker that is killed at any moment leaves nothing but what the next run throws away.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from node.common.files import unwritable, wrote
from node.common.tasks import first_error
from node.export.archive_folder import ArchiveFolder
from node.export.archive_process import HiredWorker, WorkerDied
from node.export.archive_units import FAILED, MadeFile, Outcome, Unit
from protocol.errors import NodeError

# Of a unit that failed for a reason that may pass.
RETRIES = 2

# Workers in a row that died without finishing anything: something is wrong with all of them.
MOST_DEATHS = 9

# Hires a worker for the length of the context.
Hire: TypeAlias = Callable[[], AbstractAsyncContextManager[HiredWorker]]

# Called with the units that are done, parts of them too.
Advance: TypeAlias = Callable[[float], None]


@dataclass
class Tally:
    """How many units were exported, were there already, and failed."""

    made: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def settled(self) -> int:
        """How many units nothing more will happen to."""
        return self.made + self.skipped + self.failed

    def __str__(self) -> str:
        parts = [f"{self.made:,} exported"]
        if self.skipped:
            parts.append(f"{self.skipped:,} there already")
        if self.failed:
            parts.append(f"{self.failed:,} failed, see {FAILED}")
        return ", ".join(parts)


@dataclass
class Archive:
    """An archive that is being made in a folder which is open for that. `note` gets lines for the user."""

    folder: ArchiveFolder
    units: Sequence[Unit]
    note: Callable[[str], None]
    advance: Advance = lambda done: None
    tally: Tally = field(default_factory=Tally)
    _waiting: deque[Unit] = field(default_factory=deque)
    _wake: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tries: Counter[str] = field(default_factory=Counter)
    _shares: dict[str, float] = field(default_factory=dict)
    _deaths: int = 0

    @property
    def progress(self) -> str:
        """What is done, and what is left, for the user."""
        left = len(self.units) - self.tally.settled
        return f"{self.tally}; {left:,} left for when it is run again"

    async def make(self, hire: Hire, workers: int) -> None:
        """Export all units with so many workers. Raises NodeError if the work cannot go on; what is done stays."""
        self._waiting.extend(self.units)
        with first_error():
            async with asyncio.TaskGroup() as tasks:
                hands = [tasks.create_task(self._work(hire), name=f"worker {n + 1}") for n in range(workers)]
                async with self._wake:
                    await self._wake.wait_for(lambda: self.tally.settled == len(self.units))
                for hand in hands:  # some may still wait for a machine, or for a unit that fails elsewhere
                    hand.cancel()

    async def _work(self, hire: Hire) -> None:
        """Hire one worker after the other, as they die, and give units to it."""
        while True:
            try:
                async with hire() as worker:
                    while True:
                        await self._export(worker, await self._next())
            except WorkerDied as death:
                self._deaths += 1
                if self._deaths == MOST_DEATHS:
                    raise NodeError(f"the workers die one after the other ({death}): {self.progress}") from None

    async def _next(self) -> Unit:
        async with self._wake:
            await self._wake.wait_for(lambda: self._waiting)
            return self._waiting.popleft()

    async def _export(self, worker: HiredWorker, unit: Unit) -> None:
        try:
            outcome = await worker.export(unit, lambda share: self._show(unit, share))
        except WorkerDied as death:
            await self._settle(unit, Outcome(reason=f"the worker died ({death})"))
            raise
        self._deaths = 0
        await self._settle(unit, outcome)

    async def _settle(self, unit: Unit, outcome: Outcome) -> None:
        """Take over what was made, or try again, or give up."""
        if outcome.full:
            raise NodeError(f"no room is left for the archive ({outcome.reason}): {self.progress}")
        self._tries[unit.name] += 1
        if outcome.reason and not outcome.lasting and self._tries[unit.name] <= RETRIES:
            self._show(unit, 0.0)
            async with self._wake:
                self._waiting.append(unit)
                self._wake.notify_all()
            return
        for text in outcome.notes:
            self.note(f"{unit.file}: {text}")
        await self._conclude(unit, outcome)
        self._shares.pop(unit.name, None)
        async with self._wake:
            self._wake.notify_all()
        self._advance()

    async def _conclude(self, unit: Unit, outcome: Outcome) -> None:
        if outcome.made is not None:
            # In this task's turn, not in a thread: a signal between a line of the index and the name is then none.
            self._commit(unit, outcome.made)
            self.tally.made += 1
        elif outcome.skipped:
            self.tally.skipped += 1
        else:
            self._fail(unit, outcome.reason)
            self.tally.failed += 1

    def _commit(self, unit: Unit, made: MadeFile) -> None:
        try:
            path = self.folder.commit(unit, made)
        except OSError as error:
            raise NodeError(f"{unwritable(self.folder.path / unit.name, error)}; {self.progress}") from None
        self.note(wrote(path))

    def _fail(self, unit: Unit, reason: str) -> None:
        self.note(f"{unit.file} failed: {reason}")
        try:
            self.folder.fail(unit, reason)
        except OSError as error:
            self.note(str(unwritable(self.folder.path / FAILED, error)))

    def _show(self, unit: Unit, share: float) -> None:
        """Take how much of a unit is done."""
        self._shares[unit.name] = share
        self._advance()

    def _advance(self) -> None:
        self.advance(self.tally.settled + sum(self._shares.values()))
