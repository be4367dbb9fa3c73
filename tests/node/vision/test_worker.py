"""The worker's rules, with a process in memory; then, at the end, the whole of it with a real one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from node.vision import hang_detector
from node.vision import worker as module
from node.vision.ipc import (
    CaptionImage,
    CaptionReply,
    Failed,
    ImageReply,
    LoadModel,
    PaintBetween,
    PaintImage,
    Ready,
    Reply,
    Request,
)
from node.vision.model_process import ProcessCrash, Unsendable
from node.vision.model_server import PAINTING_NICENESS
from node.vision.types import Prompt
from node.vision.worker import Dropped, Worker
from protocol.errors import NodeError

CAPTIONER, GENERATOR = "owner/captioner", "owner/generator"
PICTURE = Image.new("RGB", (64, 48), "red")
RED = Image.new("RGB", (1, 1), "red").tobytes()


class Machine:
    """Stands for the system: starts processes in memory, and can break their models or kill them."""

    def __init__(self) -> None:
        self.starts = 0
        self.asked: list[str] = []
        self.deaths = 0
        self.broken: dict[str, str] = {}
        self.wrong: dict[str, Reply] = {}
        self.faults: dict[str, Exception] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def start(self, models: Iterable[str], slow: Callable[[Request, float], None]) -> AsyncIterator[Machine]:
        self.starts += 1
        self.slow = slow
        yield self

    @property
    def pid(self) -> int:
        return 1000 + self.starts

    async def ask(self, request: Request) -> Reply:
        await self.gate.wait()
        self.asked.append(name(request))
        if self.deaths:
            self.deaths -= 1
            raise ProcessCrash("signal 9")
        if (fault := self.faults.pop(name(request), None)) is not None:
            raise fault
        if name(request) in self.wrong:
            return self.wrong[name(request)]
        if name(request) in self.broken:
            return Failed(self.broken[name(request)])
        match request:
            case LoadModel():
                return Ready()
            case CaptionImage(width, height):
                return CaptionReply(f"a picture of {width} by {height}")
            case PaintImage() | PaintBetween():
                return ImageReply(1, 1, RED)


def name(request: Request) -> str:
    match request:
        case LoadModel(role):
            return f"load {role}"
        case CaptionImage():
            return "caption"
        case PaintImage(text):
            return f"paint {text}"
        case PaintBetween(before, after, share):
            return f"between {before.text} and {after.text} at {share}"


async def until(happened: Callable[[], bool]) -> None:
    """Let the other tasks run, and the threads that work for them, until it happened."""
    for _ in range(10_000):
        if happened():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never happened")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(module, "start_process", machine.start)
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.0)
    return machine


async def test_captions_and_paints_once_the_models_are_loaded(machine: Machine) -> None:
    async with Worker(CAPTIONER, GENERATOR) as worker:
        assert await worker.caption(PICTURE) == "a picture of 64 by 48"
        assert (await worker.paint("red", 1)).tobytes() == RED
        await worker.ready()
    assert machine.starts == 1


async def test_a_caption_that_waits_is_made_before_the_generator_is_loaded(machine: Machine) -> None:
    machine.gate.clear()
    async with Worker(CAPTIONER, GENERATOR) as worker:
        painting = asyncio.create_task(worker.paint("red", 1))
        caption = asyncio.create_task(worker.caption(PICTURE))
        await until(lambda: worker.waiting == 2)
        machine.gate.set()
        await asyncio.gather(painting, caption)
    assert machine.asked == ["load captioner", "caption", "load generator", "paint red"]


async def test_only_what_was_named_is_loaded(machine: Machine) -> None:
    async with Worker(generator=GENERATOR) as worker:
        await worker.ready()
        with pytest.raises(NodeError, match="captioner"):
            await worker.caption(PICTURE)
    assert machine.asked == ["load generator"]


async def test_a_large_picture_is_made_smaller_on_its_way(machine: Machine) -> None:
    async with Worker(CAPTIONER) as worker:
        assert await worker.caption(Image.new("L", (3000, 1500))) == "a picture of 960 by 480"


async def test_a_newer_picture_of_the_same_client_takes_the_place_of_the_older(machine: Machine) -> None:
    async with Worker(generator=GENERATOR) as worker:
        await worker.ready()
        machine.gate.clear()
        old, other, new = (
            asyncio.create_task(worker.paint(text, 0, client))
            for text, client in (("old", "a"), ("other", "b"), ("new", "a"))
        )
        with pytest.raises(Dropped, match="newer"):
            await old
        machine.gate.set()
        await asyncio.gather(other, new)
    assert machine.asked[-2:] == ["paint new", "paint other"]


async def test_extra_pictures_give_way_to_captions_and_pictures(machine: Machine) -> None:
    async with Worker(CAPTIONER, GENERATOR) as worker:
        await worker.ready()
        machine.gate.clear()
        first = asyncio.create_task(worker.paint("begun", 0, "x"))
        await until(lambda: worker.waiting == 0)
        between = worker.paint_between(Prompt("a", 1), Prompt("b", 1), 0.5, "m")
        asked = [
            between,
            worker.paint("extra", 0, "e", extra=True),
            worker.paint("new", 0, "n"),
            worker.caption(PICTURE),
        ]
        tasks = []
        for count, request in enumerate(asked, start=1):
            tasks.append(asyncio.create_task(request))
            await until(lambda count=count: worker.waiting == count)  # type: ignore[misc]
        machine.gate.set()
        await asyncio.gather(first, *tasks)
    assert machine.asked[3:] == ["paint new", "caption", "between a and b at 0.5", "paint extra"]


async def test_a_request_that_was_cancelled_is_never_made(machine: Machine) -> None:
    machine.gate.clear()
    async with Worker(generator=GENERATOR) as worker:
        gone = asyncio.create_task(worker.paint("gone", 0, "a"))
        stays = asyncio.create_task(worker.paint("stays", 0, "b"))
        await until(lambda: worker.waiting == 2)
        gone.cancel()
        machine.gate.set()
        await stays
    assert machine.asked == ["load generator", "paint stays"]


async def test_a_model_that_fails_on_one_request_goes_on_with_the_next(machine: Machine) -> None:
    machine.broken["paint bad"] = "RuntimeError: no memory"
    async with Worker(generator=GENERATOR) as worker:
        with pytest.raises(Dropped, match="no memory"):
            await worker.paint("bad", 0)
        assert (await worker.paint("good", 0)).size == (1, 1)
    assert machine.starts == 1


@pytest.mark.parametrize(
    ("fault", "starts"),
    [
        (Unsendable("UnicodeEncodeError: the request cannot be sent"), 1),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), 2),
        (ZeroDivisionError(), 2),
        (ProcessCrash("it did nothing for 15 s"), 2),
    ],
)
async def test_whatever_one_request_meets_the_next_one_is_served(
    machine: Machine, fault: Exception, starts: int
) -> None:
    machine.faults["paint bad"] = fault
    notes: list[str] = []
    async with Worker(generator=GENERATOR, note=notes.append) as worker:
        with pytest.raises(Dropped):
            await worker.paint("bad", 0)
        assert (await worker.paint("good", 0)).size == (1, 1)
    assert machine.starts == starts
    assert notes == ["the picture models are being loaded"]  # the caller got the error


@pytest.mark.parametrize("reply", [Ready(), CaptionReply("a cat"), ImageReply(9, 9, b"few")])
async def test_a_reply_that_does_not_fit_is_dropped(machine: Machine, reply: Reply) -> None:
    machine.wrong["paint bad"] = reply
    async with Worker(generator=GENERATOR) as worker:
        with pytest.raises(Dropped):
            await worker.paint("bad", 0)
        assert (await worker.paint("good", 0)).size == (1, 1)


async def test_a_process_that_dies_while_it_loads_is_noted(machine: Machine) -> None:
    machine.faults["load generator"] = ProcessCrash("it did nothing for 120 s")
    notes: list[str] = []
    async with Worker(generator=GENERATOR, note=notes.append) as worker:
        await worker.ready()
    assert notes[1:] == ["the picture worker died (it did nothing for 120 s) and is started again"]


async def test_what_is_loaded_and_what_takes_long_is_noted(machine: Machine) -> None:
    notes: list[str] = []
    async with Worker(CAPTIONER, GENERATOR, notes.append) as worker:
        await worker.ready()
        for _ in range(2):
            machine.slow(PaintImage("a secret", 1), 10.0)
        machine.slow(LoadModel("generator", GENERATOR), 10.0)
    assert notes[0] == "the picture models are being loaded"
    assert notes[1].startswith("the captioner is ready after ")
    assert [note.partition(":")[0] for note in notes[2:]] == [
        "a picture takes longer than 10 s",
        "the generator is still being loaded after 10 s",
    ]


async def test_the_process_is_on_its_way_before_anything_else_runs(machine: Machine) -> None:
    async with Worker(CAPTIONER):
        assert machine.starts == 1


async def test_a_model_that_cannot_be_loaded_ends_everything_with_its_one_line(machine: Machine) -> None:
    machine.broken["load captioner"] = "no such captioner"
    async with Worker(CAPTIONER, GENERATOR) as worker:
        with pytest.raises(NodeError, match="no such captioner"):
            await worker.paint("red", 0)
        with pytest.raises(NodeError, match="no such captioner"):
            await worker.ready()
        with pytest.raises(NodeError, match="no such captioner"):
            await worker.caption(PICTURE)
    assert machine.starts == 1


async def test_a_process_that_dies_is_started_again(machine: Machine) -> None:
    async with Worker(generator=GENERATOR) as worker:
        await worker.ready()
        machine.deaths = 1
        with pytest.raises(Dropped, match="signal 9"):
            await worker.paint("red", 0)
        assert (await worker.paint("red", 0)).size == (1, 1)
        assert (worker.restarts, worker.pid) == (1, 1002)
    assert worker.pid is None


async def test_a_process_that_only_ever_dies_is_given_up(machine: Machine) -> None:
    machine.deaths = 1000
    async with Worker(generator=GENERATOR) as worker:
        with pytest.raises(NodeError, match="5 times in a row"):
            await worker.ready()
    assert machine.starts == module.MOST_CRASHES


async def test_waiting_requests_fail_when_the_worker_closes(machine: Machine) -> None:
    machine.gate.clear()
    async with Worker(generator=GENERATOR) as worker:
        waiting = asyncio.create_task(worker.paint("red", 0))
        await until(lambda: worker.waiting == 1)
    with pytest.raises(NodeError, match="closed"):
        await waiting
    with pytest.raises(NodeError, match="closed"):
        await worker.paint("red", 0)


def test_a_folder_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="missing"):
        Worker(captioner=str(tmp_path / "missing"))


def test_the_parent_imports_no_model_library() -> None:
    code = "import sys, node.vision.worker; sys.exit(bool({'torch', 'transformers', 'diffusers'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)


def threads_of(pid: int) -> set[int]:
    """On a system that counts niceness by thread; else the process."""
    folder = Path(f"/proc/{pid}/task")
    return {int(task.name) for task in folder.iterdir()} if folder.is_dir() else {pid}


async def test_real_models_in_a_real_process(blip_folder: Path, painter_folder: Path) -> None:
    async with Worker(str(blip_folder), str(painter_folder)) as worker:
        words = await worker.caption(PICTURE)
        pictures = [await worker.paint("a cat", seed) for seed in (1, 2, 1)]
        assert worker.pid is not None
        niceness = {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads_of(worker.pid)}
        os.kill(worker.pid, signal.SIGINT)
        assert await worker.caption(PICTURE) == words
        pid = worker.pid
    assert [picture.size for picture in pictures] == [(32, 32)] * 3
    assert pictures[0].tobytes() == pictures[2].tobytes() != pictures[1].tobytes()
    lowest = 19
    assert niceness == {min(lowest, os.getpriority(os.PRIO_PROCESS, 0) + PAINTING_NICENESS)}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_real_process_that_is_killed_comes_back(blip_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.0)
    async with Worker(str(blip_folder)) as worker:
        await until(lambda: worker.pid is not None)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        await worker.ready()
        assert worker.restarts == 1


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="the system does not show what a process does")
async def test_a_real_process_that_was_stopped_is_replaced(
    painter_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Worker(generator=str(painter_folder)) as worker:
        before = (await worker.paint("a cat", 1)).tobytes()
        assert worker.pid is not None
        monkeypatch.setattr(hang_detector, "HANGS_S", 0.2)
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(Dropped, match="did nothing for"):
            await worker.paint("a dog", 1)
        monkeypatch.undo()
        assert (await worker.paint("a cat", 1)).tobytes() == before
        assert worker.restarts == 1


async def test_words_that_are_no_unicode_are_dropped_and_the_next_ones_painted(painter_folder: Path) -> None:
    async with Worker(generator=str(painter_folder)) as worker:
        with pytest.raises(Dropped):
            await worker.paint("a cat \ud800", 1)
        assert (await worker.paint("a cat", 1)).size == (32, 32)
        assert worker.restarts == 0


async def test_a_real_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    async with Worker(str(tmp_path)) as worker:
        with pytest.raises(NodeError) as caught:
            await worker.ready()
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
