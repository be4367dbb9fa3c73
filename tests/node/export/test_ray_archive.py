"""Workers as actors of Ray: what an actor checks, and, where Ray is installed, an archive made by some."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from command import ROOM, Command
from files import written
from sessions import came, picture, spoken, tone

from node.export import ray_archive
from node.export.archive_messages import ArchiveJob, outcome_of, pack, unpack
from node.export.archive_process import WorkerDied
from node.export.archive_units import ArchiveOptions, Unit
from node.export.ray_archive import ArchiveActor, RayCluster, RayWorker, join_cluster
from node.recording.provenance import program
from protocol.errors import NodeError
from protocol.log.sealing import recording_secret
from protocol.room_link import RoomLink

RECORDS = [came("b", 0.1, "Ben"), picture("me", 0.3, "a cat"), *spoken("b", tone(0.6, 500), at=1.0)]
SECRET = recording_secret(RoomLink.parse(ROOM).secret)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What is set for Ray is of this test alone."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def room_file(tmp_path: Path) -> Path:
    path = tmp_path / "room"
    path.write_text(ROOM + "\n")
    path.chmod(0o600)
    return path


def job(tmp_path: Path, **more: Any) -> ArchiveJob:
    stage = tmp_path / "out/.part/1"
    stage.mkdir(parents=True, exist_ok=True)
    return ArchiveJob(ArchiveOptions(str(tmp_path / "out"), format="srt"), str(stage), **more)


def test_an_actor_opens_sealed_sessions_with_the_room_of_a_file(tmp_path: Path, room_file: Path) -> None:
    file = written(tmp_path / "a.mcap", RECORDS, secret=SECRET)
    message = pack(job(tmp_path, room_file=str(room_file)))
    assert ROOM.encode() not in message
    assert SECRET not in message
    actor = ArchiveActor(message)
    assert actor.prepare(program()) == ""
    outcome = outcome_of(unpack(actor.export(pack(Unit(str(file), "a.srt")))))
    assert outcome.made is not None


def test_a_machine_that_lacks_something_says_what(tmp_path: Path, room_file: Path) -> None:
    here = job(tmp_path, room_file=str(room_file))
    assert f"has {program()}, and this machine other 2: install the same" in ArchiveActor(pack(here)).prepare("other 2")
    room_file.chmod(0o644)
    assert "others can read" in ArchiveActor(pack(here)).prepare(program())
    room_file.unlink()
    assert "cannot read the room from" in ArchiveActor(pack(here)).prepare(program())
    Path(here.stage).rmdir()
    assert f"does not see the folder '{tmp_path / 'out'}': put it on" in ArchiveActor(pack(here)).prepare(program())


class ActorError(Exception):
    """Stands in for Ray's error about an actor that died."""


class StandInRay:
    """As much of Ray as hires actors, in this process."""

    exceptions = SimpleNamespace(RayError=ActorError)

    def __init__(self, **resources: float) -> None:
        self.resources = resources
        self.asked: list[dict[str, float]] = []
        self.killed = 0
        self.died = ""

    def cluster_resources(self) -> dict[str, float]:
        return self.resources

    def remote(self, kind: type) -> Any:
        def options(**place: float) -> Any:
            self.asked.append(place)
            return SimpleNamespace(remote=lambda *given: Remote(self, kind(*given)))

        return SimpleNamespace(options=options)

    def kill(self, actor: Any) -> None:
        self.killed += 1


class Remote:
    def __init__(self, ray: StandInRay, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    def __getattr__(self, name: str) -> Any:
        async def call(*given: Any) -> Any:
            if self._ray.died:
                raise ActorError(self._ray.died)
            return await asyncio.to_thread(getattr(self._actor, name), *given)  # a process of its own

        return SimpleNamespace(remote=call)


async def test_an_actor_is_hired_and_killed_with_its_context(tmp_path: Path) -> None:
    ray = StandInRay(CPU=4.0)
    cluster = RayCluster(ray, paints=True)
    assert cluster.size == 4
    unit = Unit(str(written(tmp_path / "a.mcap", RECORDS)), "a.srt")
    async with cluster.hire(job(tmp_path)) as worker:
        assert (await worker.export(unit, lambda share: None)).made is not None
        assert ray.killed == 0
        ray.died = "\nThe actor died.\n\tclass_name: ArchiveActor\n"
        with pytest.raises(WorkerDied, match=r"^The actor died$"):
            await worker.export(unit, lambda share: None)
    assert (ray.killed, ray.asked) == (1, [{"num_cpus": 1}])


async def test_a_machine_that_lacks_something_ends_the_archive(tmp_path: Path) -> None:
    ray = StandInRay(CPU=1.0)
    with pytest.raises(NodeError, match="does not see the folder"):
        async with RayCluster(ray, paints=True).hire(ArchiveJob(ArchiveOptions("/out"), str(tmp_path / "nowhere"))):
            pass
    assert ray.killed == 1


@pytest.mark.parametrize(
    ("paints", "size", "place"),
    [(True, 2, {"num_gpus": 1, "num_cpus": 0}), (False, 16, {"num_cpus": 1})],
)
async def test_one_a_gpu_where_pictures_are_painted(
    tmp_path: Path, paints: bool, size: int, place: dict[str, int]
) -> None:
    ray = StandInRay(CPU=16.0, GPU=2.0)
    cluster = RayCluster(ray, paints)
    assert cluster.size == size
    async with cluster.hire(job(tmp_path)) as worker:
        assert isinstance(worker, RayWorker)
    assert ray.asked == [place]


async def test_without_ray_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(NodeError, match=r"not installed: pip install 'pictophone\[cluster\]'"):
        async with join_cluster("local", 1, paints=False):
            pass


class Started(StandInRay):
    """Keeps how it was started."""

    def __init__(self) -> None:
        super().__init__(CPU=1.0)
        self.given: tuple[Any, ...] = ()
        self.options: dict[str, Any] = {}
        self.environment: dict[str, str] = {}
        self.ended = False
        self.works: Callable[[], object] = lambda: None

    def init(self, *given: Any, **options: Any) -> None:
        self.given, self.options, self.environment = given, options, dict(os.environ)
        self.works()

    def shutdown(self) -> None:
        self.ended = True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    ray = Started()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return ray


@pytest.mark.parametrize("address", ["local", "auto"])
async def test_one_that_starts_here_is_silent_and_on_loopback_alone(
    started: Started, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    monkeypatch.setenv("PICTOPHONE_ROOM", ROOM)
    monkeypatch.setattr(ray_archive, "RUNNING", Path("no such file"))
    async with join_cluster(address, 3, paints=True):
        assert started.given == ("local",)
    assert (started.options["num_cpus"], started.options["include_dashboard"]) == (3, False)
    found = started.environment
    assert found["RAY_USAGE_STATS_ENABLED"] == "0"
    assert found["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert (found["RAY_AUTH_MODE"], len(found["RAY_AUTH_TOKEN"])) == ("token", 64)
    assert "PICTOPHONE_ROOM" not in found
    assert started.ended


@pytest.fixture
async def head() -> AsyncIterator[str]:
    """Where something listens, as the head of a cluster does."""
    async with await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"


async def test_one_that_is_joined_is_left_as_it_is(
    started: Started, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with join_cluster(head, 3, paints=True):
        assert started.given == (head,)
    assert "num_cpus" not in started.options
    assert "RAY_AUTH_TOKEN" not in started.environment
    assert started.environment["RAY_USAGE_STATS_ENABLED"] == "0"
    monkeypatch.setenv("RAY_ADDRESS", "192.0.2.7:6379")
    async with join_cluster("auto", 3, paints=True):
        assert started.given == ("auto",)


async def joins(address: str) -> None:
    async with join_cluster(address, 1, paints=True):
        pass


async def test_one_that_cannot_be_joined_is_one_line(started: Started, head: str) -> None:
    def refuse() -> None:
        raise ConnectionError("nobody there.\nand a page of advice")

    started.works = refuse
    with pytest.raises(NodeError, match=rf"^cannot join Ray at '{head}': nobody there$"):
        await joins(head)


async def test_an_address_where_nobody_listens_is_not_tried_by_ray(
    started: Started, free_port: Callable[[], int]
) -> None:
    with pytest.raises(NodeError, match=r"^cannot join Ray at '127.0.0.1:\d+': .*; check the address, or start it"):
        await joins(f"127.0.0.1:{free_port()}")
    assert started.given == ()


async def test_what_does_not_answer_as_ray_is_given_up(
    started: Started, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    started.works = done.wait
    monkeypatch.setattr(ray_archive, "JOIN_S", 0.05)
    with pytest.raises(NodeError, match="did not answer as Ray for"):
        await joins(head)
    done.set()


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray: the extra 'cluster'")
def test_an_archive_made_by_ray(
    command: Command, tmp_path: Path, room_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        written(tmp_path / f"{name}.mcap", RECORDS, secret=SECRET)
    asked = ("session", "export", "a.mcap", "b.mcap", "--format", "srt", "--room-file", room_file)
    assert command.run(*asked, "--to-dir", "out", "--jobs", "2", "--ray", "local").code == 0, command.err
    assert command.err.endswith("out: 2 exported\n")
    assert command.run(*asked, "--to-dir", "here", "--jobs", "1").code == 0
    for name in "ab":
        assert (tmp_path / f"out/{name}.srt").read_bytes() == (tmp_path / f"here/{name}.srt").read_bytes()
