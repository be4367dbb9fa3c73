"""An archive's workers as actors of Ray, one a core or a GPU, on this machine or on many.

Ray knows neither this program's files nor what is in them: all machines see the sessions, the archive's folder and the
room's file under the same paths, and have the same version of this program.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from node.common import child_process
from node.common.config import load
from node.common.own_thread import OwnThread
from node.export.archive_messages import ArchiveJob, job_of, outcome_of, pack, unit_of, unpack
from node.export.archive_process import WorkerDied
from node.export.archive_units import Outcome, Unit
from node.export.archive_worker import ArchiveWorker
from node.links import broker_errors, server_url
from node.recording.provenance import program
from node.rooms import resolve
from protocol.errors import NodeError, UsageError
from protocol.log.sealing import recording_secret

# Starts Ray here for as long as the archive takes; AUTO does so if none runs on this machine.
LOCAL, AUTO = "local", "auto"

# Where Ray notes the cluster that runs on this machine.
RUNNING = Path("ray", "ray_current_cluster")

# To be set before Ray is imported. It reports its use to its makers unless this is 0.
SILENT = {"RAY_USAGE_STATS_ENABLED": "0"}

# For a connection to the head of a cluster; and for Ray to join it, or to start, of which it takes seconds.
REACH_S, JOIN_S = 8.0, 90.0

_GOOD = "it is local, auto or HOST:PORT, as `ray start --head` shows it"

# Without the second, Ray listens on every address of the machine; without the others, to everyone who can reach it,
# every user of this machine for one. (Its name is of other systems, where this is the default.)
LOOPBACK_ONLY = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}


class ArchiveActor:
    """The worker as Ray runs it. Its arguments and replies are bytes, and have no secret in them."""

    def __init__(self, job: bytes) -> None:
        self._job = job_of(unpack(job))
        self._worker: ArchiveWorker | None = None

    def prepare(self, version: str) -> str:
        """Return why this machine cannot work for a driver of this version; nothing if it can."""
        machine = os.uname().nodename if hasattr(os, "uname") else "a machine"
        if program() != version:
            return f"{machine} has {program()}, and this machine {version}: install the same everywhere"
        if not Path(self._job.stage).is_dir():
            return f"{machine} does not see the folder {self._job.options.folder!r}: put it on a disk that all share"
        try:
            secret = _secret_of(self._job.room_file)
        except NodeError as error:
            return f"{machine}: {error}"
        self._worker = ArchiveWorker(self._job.options, self._job.stage, secret)
        return ""

    def export(self, unit: bytes) -> bytes:
        """Export a unit, and return its outcome."""
        assert self._worker is not None
        return pack(self._worker.export(unit_of(unpack(unit))))


def _secret_of(room_file: str | None) -> bytes | None:
    if room_file is None:
        return None
    return recording_secret(resolve(None, load(room_file=Path(room_file))).secret)


class RayWorker:
    """An actor, while it is hired: see `HiredWorker`."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    async def prepare(self) -> None:
        """Wait until Ray has a place for it, and it has what it needs. Raises NodeError if it lacks something."""
        if reason := await self._reply(self._actor.prepare.remote(program())):
            raise NodeError(reason)

    async def export(self, unit: Unit, done: Callable[[float], None]) -> Outcome:
        """See `HiredWorker`; nothing is known of the unit until it is done."""
        return outcome_of(unpack(await self._reply(self._actor.export.remote(pack(unit)))))

    async def _reply(self, reference: Any) -> Any:
        try:
            return await reference
        except self._ray.exceptions.RayError as error:
            raise WorkerDied(_reason(error)) from None


class RayCluster:
    """A cluster that this program has joined; `size` is for how many workers it has room, one a GPU or a core."""

    def __init__(self, ray: Any, paints: bool) -> None:
        self._ray = ray
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0)) if paints else 0
        self.size = gpus or max(int(resources.get("CPU", 0)), 1)
        self._place = {"num_gpus": 1, "num_cpus": 0} if gpus else {"num_cpus": 1}

    @asynccontextmanager
    async def hire(self, job: ArchiveJob) -> AsyncIterator[RayWorker]:
        """Start an actor for the length of the context, once there is room for it."""
        actor = self._ray.remote(ArchiveActor).options(**self._place).remote(pack(job))
        try:
            worker = RayWorker(self._ray, actor)
            await worker.prepare()
            yield worker
        finally:
            self._ray.kill(actor)


@asynccontextmanager
async def join_cluster(address: str, cores: int, paints: bool) -> AsyncIterator[RayCluster]:
    """Join the cluster at an address for the length of the context, or start one of so many `cores` here.

    Raises UsageError for an address that is none, NodeError if Ray is not installed or cannot be reached.
    """
    await _reach(address)
    thread = OwnThread()  # Linux ends what Ray starts together with the thread that started it
    try:
        ray = await _in_time(address, thread.start(lambda: _connect(address, cores)))
        try:
            yield await asyncio.to_thread(RayCluster, ray, paints)
        finally:
            await asyncio.to_thread(ray.shutdown)
    finally:
        thread.end()


def parse_address(address: str) -> tuple[str, int] | None:
    """Return where a cluster is; None for one of this machine. Raises UsageError for anything else."""
    if address in (LOCAL, AUTO):
        return None
    try:
        server = server_url.split(address)
    except ValueError as error:
        raise UsageError(f"--ray {address!r} is no address: {error}; {_GOOD}") from None
    if server.port is None or server.username is not None:
        raise UsageError(f"--ray {address!r} is no address: {_GOOD}")
    return server.host, server.port


async def _reach(address: str) -> None:
    """Find out whether anything listens there: Ray itself tries for minutes, and cannot be interrupted in that."""
    if (place := parse_address(address)) is None:
        return
    try:
        async with asyncio.timeout(REACH_S):
            _, writer = await asyncio.open_connection(*place)
    except (OSError, UnicodeError) as error:  # a TimeoutError is one
        reason = "no answer" if isinstance(error, TimeoutError) else _system_reason(error)
        raise NodeError(
            f"cannot join Ray at {address!r}: {reason}; check the address, or start it there: ray start --head"
        ) from None
    writer.close()


def _system_reason(error: OSError | UnicodeError) -> str:
    """Return the system's words: asyncio's name the address once more."""
    return broker_errors.plain(error) if isinstance(error, OSError) else str(error)


async def _in_time(address: str, connection: Future[Any]) -> Any:
    """Wait for a connection, whose thread is left behind if it takes too long, or is not waited for any more."""
    try:
        async with asyncio.timeout(JOIN_S):
            return await asyncio.wrap_future(connection)
    except TimeoutError:
        raise NodeError(f"cannot join Ray at {address!r}: it did not answer as Ray for {JOIN_S:.0f} s") from None


def _connect(address: str, cores: int) -> Any:
    """Import Ray and connect, in a thread: in the main one it would take over the signals."""
    starts = address == LOCAL or (address == AUTO and not _runs_here())
    for name in os.environ.keys() - child_process.without_settings().keys():
        del os.environ[name]  # Ray's processes inherit what is left
    os.environ.update(SILENT)
    if starts:
        os.environ.update(LOOPBACK_ONLY | {"RAY_AUTH_TOKEN": secrets.token_hex(32)})
    try:
        import ray
    except ImportError:
        raise NodeError("--ray needs Ray, which is not installed: pip install 'pictophone[cluster]'") from None
    here = {"num_cpus": cores, "include_dashboard": False} if starts else {}
    try:
        ray.init(LOCAL if starts else address, log_to_driver=False, logging_level=logging.ERROR, **here)
    except Exception as error:  # of many types, by what is wrong with the address or at the other end
        raise NodeError(f"cannot {'start' if starts else 'join'} Ray at {address!r}: {_reason(error)}") from None
    return ray


def _runs_here() -> bool:
    folder = os.environ.get("RAY_TMPDIR") or ("/tmp" if os.name == "posix" else os.environ.get("TEMP", ""))
    return bool(os.environ.get("RAY_ADDRESS")) or (Path(folder) / RUNNING).exists()


def _reason(error: Exception) -> str:
    """Return the first line of an error; Ray's have many."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
