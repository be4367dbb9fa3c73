"""The worker: captioner and generator in one process of their own, of lower priority, so that speech never waits.

One for both, not one each: most of a start is importing what both need. Side by side, two were ready after 1.9 instead
of 2.0 s of their cores, if they had one each, and took 3.7 s of processor time and 711 MB instead of 2.0 s and 413 MB.

The node's side is one task: it starts the process, has the models loaded, and sends it one request at a time from a
bounded queue (`JobQueue`). A process that dies or hangs (`node.vision.hang_detector`) is started again, with growing
pauses.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from PIL import Image

from node.vision.ipc import (
    CaptionImage,
    CaptionReply,
    Failed,
    ImageReply,
    LoadModel,
    PaintBetween,
    PaintImage,
    Request,
    caption_request,
    image_of,
    seen_picture,
)
from node.vision.job_queue import Job, JobQueue
from node.vision.loading import LoadingProgress
from node.vision.model_process import ModelProcess, ProcessCrash, Unsendable, start_process
from node.vision.presets import check_name
from node.vision.rgb import shrunk
from node.vision.types import Prompt, SeenPicture
from protocol.errors import NodeError

logger = logging.getLogger(__name__)

ExpectedReply = TypeVar("ExpectedReply", CaptionReply, ImageReply)

# Pixels of a picture sent to the captioner; captioners use 224 to 768, perception up to 960: its hands are small.
LONGEST_SIDE = 960

# Between a crash and the next start: doubled after every crash without a picture completed, up to the longest.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

# Starts without a picture completed before the worker gives up: the machine lacks the memory, most likely.
MOST_CRASHES = 5
CLOSED = "the picture worker is closed"


class Dropped(NodeError):
    """This request gets no reply: a newer one replaced it, the model failed on it, or the process died.

    The worker goes on, and requests of later pictures may succeed.
    """


class Worker:
    """Captions and paints in its own process, for any number of clients of one event loop.

        async with Worker(captioner=FOLDER_OR_ID, generator=FOLDER_OR_ID) as worker:
            text = await worker.caption(image)

    Only the models that are named are loaded: the captioner first, and a caption that waits by then is made before the
    generator is loaded. `note` gets lines for the user: which model is loaded, what takes long, that the process died.
    Raises NodeError for a folder that does not exist.
    """

    def __init__(
        self, captioner: str | None = None, generator: str | None = None, note: Callable[[str], None] = logger.info
    ) -> None:
        models = {"captioner": captioner, "generator": generator}
        self._models = {role: model for role, model in models.items() if model is not None}
        for model in self._models.values():
            check_name(model)
        self.progress = LoadingProgress(len(self._models))
        self.restarts = 0
        self.note = note
        self._slow_noted = self._crash_reported = False
        self._queue = JobQueue()
        self._queued = asyncio.Event()
        self._loaded = asyncio.Event()
        self._failure: str | None = None
        self._completed = 0
        self._process: ModelProcess | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Worker:
        """Start the process, without waiting for its models."""
        self._task = asyncio.create_task(self._supervise(), name="picture worker")
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process. Waiting requests get NodeError."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()

    @property
    def waiting(self) -> int:
        """Return how many requests wait for their turn."""
        return len(self._queue)

    @property
    def pid(self) -> int | None:
        """Return the process's id, for measurements; None while there is none."""
        return None if self._process is None else self._process.pid

    async def ready(self) -> None:
        """Wait until every model is loaded and warm. Raises NodeError, with one line, if one cannot be loaded."""
        await self._loaded.wait()
        self._check()

    async def caption(self, image: Image.Image, client: str = "", painted: bool = False) -> str:
        """Return the words of what `see` returns."""
        return (await self.see(image, client, painted)).words

    async def see(self, image: Image.Image, client: str = "", painted: bool = False) -> SeenPicture:
        """Return what the picture shows, after waiting for the request's turn and for the model to be loaded.

        One that was `painted` is read as a drawing, although its edges are soft as a photo's.
        Raises Dropped if this request gets no reply, NodeError if no request will get one.
        """
        request = await asyncio.to_thread(lambda: caption_request(shrunk(image, LONGEST_SIDE), painted))
        reply: CaptionReply = await self._submit("captioner", request, CaptionReply, client)
        return seen_picture(reply)

    async def paint(
        self, text: str, seed: int, client: str = "", look: bytes = b"", extra: bool = False
    ) -> Image.Image:
        """Paint the text; the same text, seed and look give the same picture. Waits and raises like `caption`.

        An `extra` picture yields to all captions and pictures that are not extra.
        """
        return await self._paint(PaintImage(text, seed, look), client, extra)

    async def paint_between(self, before: Prompt, after: Prompt, share: float, client: str = "") -> Image.Image:
        """Paint an intermediate of two pictures, `before` at a share of 0 and `after` at 1, as an extra picture."""
        return await self._paint(PaintBetween(before, after, share), client, extra=True)

    async def _paint(self, request: PaintImage | PaintBetween, client: str, extra: bool) -> Image.Image:
        reply: ImageReply = await self._submit("generator", request, ImageReply, client, extra)
        try:
            return await asyncio.to_thread(image_of, reply)
        except ValueError as error:
            raise Dropped(f"the generator failed: {error}") from error

    async def _submit(
        self,
        role: str,
        request: CaptionImage | PaintImage | PaintBetween,
        expected: type[ExpectedReply],
        client: str,
        extra: bool = False,
    ) -> ExpectedReply:
        self._check()
        if role not in self._models:
            raise NodeError(f"no {role} was named: name one with --{role}")
        job = Job(client, role, request, asyncio.get_running_loop().create_future(), extra)
        dropped = self._queue.put(job)
        if dropped is not None:
            _fail(dropped, Dropped("a newer picture took its place"))
        self._queued.set()
        try:
            reply = await job.reply
        finally:
            self._queue.discard(job)
        if not isinstance(reply, expected):
            raise Dropped(f"the {role} failed: it replied with {type(reply).__name__}")
        return reply

    def _check(self) -> None:
        if self._failure is not None:
            raise NodeError(self._failure)

    async def _supervise(self) -> None:
        """Run one process after another until the worker is closed or cannot work at all."""
        failure = CLOSED
        try:
            await self._run_processes()
        except NodeError as error:
            failure = str(error)
        finally:
            self._failure = failure
            self._loaded.set()
            for job in self._queue.clear():
                _fail(job, NodeError(failure))

    async def _run_processes(self) -> None:
        crashes = 0
        while True:
            completed_before = self._completed
            try:
                await self._run_process()
            except NodeError:
                raise
            except Exception as crash:  # or a fault of our own: neither ends the pictures of a call
                if not self._crash_reported:
                    self.note(f"the picture worker died ({_reason(crash)}) and is started again")
                self._crash_reported = False
                crashes = 1 if self._completed > completed_before else crashes + 1
                if crashes == MOST_CRASHES:
                    raise NodeError(
                        f"the picture worker died {crashes} times in a row ({crash}): free memory or use smaller models"
                    ) from crash
            self.restarts += 1
            await asyncio.sleep(min(FIRST_PAUSE_SECONDS * 2 ** (crashes - 1), LONGEST_PAUSE_SECONDS))

    async def _run_process(self) -> None:
        """Run one process to its end: load the models, then serve the queue. Raises ProcessCrash or NodeError."""
        async with start_process(self._models.values(), self._note_slow) as process:
            self._process = process
            try:
                await self._use(process)
            finally:
                self._process = None

    async def _use(self, process: ModelProcess) -> None:
        loaded = self.progress.begin()
        if not self.restarts:
            self.note("the picture models are being loaded")
        for role, model in self._models.items():
            await self._serve_one_waiting(process, loaded)
            is_last = len(loaded) == len(self._models) - 1
            await _load(process, LoadModel(role, model, is_last))
            self.progress.add(role)
            if not is_last:
                self.note(f"the {role} is ready after {self.progress.seconds:.1f} s")
        self._loaded.set()
        while True:
            while await self._serve_one_waiting(process, loaded):
                pass
            self._queued.clear()
            await self._queued.wait()

    def _note_slow(self, request: Request, seconds: float) -> None:
        """Note that a request takes long: once for each loading of a model, and once for pictures."""
        if isinstance(request, LoadModel):
            self.note(f"the {request.role} is still being loaded after {seconds:.0f} s: pictures come later")
        elif not self._slow_noted:
            self._slow_noted = True
            self.note(f"a picture takes longer than {seconds:.0f} s: this machine is slow or busy, speech goes first")

    async def _serve_one_waiting(self, process: ModelProcess, roles: list[str]) -> bool:
        """Serve the first job whose model is loaded; return False if there is none."""
        job = self._queue.take(roles)
        if job is None:
            return False
        try:
            await self._serve(process, job)
        finally:
            _fail(job, NodeError(CLOSED))
        return True

    async def _serve(self, process: ModelProcess, job: Job) -> None:
        try:
            reply = await process.ask(job.request)
            if not isinstance(reply, CaptionReply | ImageReply | Failed):
                raise ProcessCrash(f"it replied to a {type(job.request).__name__} with {type(reply).__name__}")
        except Unsendable as error:
            _fail(job, Dropped(str(error)))
            return
        except Exception as crash:
            _fail(job, Dropped(f"the picture worker died ({_reason(crash)}) and is started again"))
            self._crash_reported = True
            raise
        self._completed += 1
        if isinstance(reply, Failed):
            _fail(job, Dropped(f"the {job.role} failed: {reply.reason}"))
        elif not job.reply.done():
            job.reply.set_result(reply)


def _reason(crash: Exception) -> str:
    """Return the crash of the process; of a fault of our own only the type, since its text may quote a caption."""
    return str(crash) if isinstance(crash, ProcessCrash) else type(crash).__name__


async def _load(process: ModelProcess, request: LoadModel) -> None:
    reply = await process.ask(request)
    if isinstance(reply, Failed):
        raise NodeError(reply.reason)


def _fail(job: Job, error: NodeError) -> None:
    """Raise this error in the job's caller, unless it has its reply or was cancelled."""
    if not job.reply.done():
        job.reply.set_exception(error)
