"""The worker: captioner and generator in one process of their own, of lower priority, so that speech never waits.

The node's side is one task: it starts the process, has the models loaded, and hands it one request at a time
from a bounded line (see `Line` for who gives way). A process that dies is started again, with growing pauses.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from PIL import Image

from node.vision.line import Job, Line
from node.vision.pictures import shrunk
from node.vision.pipe import Between, Caption, Failed, Load, Paint, Painting, Words, caption_of, image_of
from node.vision.presets import check_name
from node.vision.process import Crash, ModelProcess, start_process
from node.vision.prompt import Prompt
from protocol.errors import NodeError

LONGEST_SIDE = 768
"""Pixels of a picture sent to the captioner; captioners look at 224 to 768."""

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
"""Between a crash and the next start: doubled after every crash without a picture done, up to the longest."""

MOST_CRASHES = 5
"""Starts that get no single picture done before the worker gives up: the machine lacks the memory, most likely."""


class Dropped(NodeError):
    """This request gets no answer: a newer one took its place, the model failed on it, or the process died.

    The worker itself goes on: ask again with the next picture.
    """


CLOSED = "the picture worker is closed"


class Worker:
    """Captions and paints in its own process, for any number of clients of one event loop.

        async with Worker(captioner=FOLDER_OR_ID, generator=FOLDER_OR_ID) as worker:
            text = await worker.caption(image)

    Only the models that are named get loaded: the captioner first, and a caption that waits by then is made
    before the generator is loaded. Raises NodeError at once for a folder that does not exist.
    """

    def __init__(self, captioner: str | None = None, generator: str | None = None) -> None:
        models = {"captioner": captioner, "generator": generator}
        self._models = {role: model for role, model in models.items() if model is not None}
        for model in self._models.values():
            check_name(model)
        self.restarts = 0
        self._line = Line()
        self._news = asyncio.Event()
        self._settled = asyncio.Event()
        self._failure: str | None = None
        self._done = 0
        self._process: ModelProcess | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Worker:
        """Start the process; returns at once."""
        self._keeper = asyncio.create_task(self._keep(), name="picture worker")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process. Whoever still waits gets NodeError."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            if not self._keeper.cancelled():
                self._keeper.result()

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._line)

    @property
    def pid(self) -> int | None:
        """The process's id, to measure it by; None while there is none."""
        return None if self._process is None else self._process.pid

    async def ready(self) -> None:
        """Wait until every model is loaded and warm; NodeError with one line when one cannot be."""
        await self._settled.wait()
        self._check()

    async def caption(self, image: Image.Image, client: str = "") -> str:
        """What the picture shows. Waits for its turn, and for the model when it is still being loaded.

        Raises Dropped when there will be no answer to this request, NodeError when there will be none to any.
        """
        request = await asyncio.to_thread(lambda: caption_of(shrunk(image, LONGEST_SIDE)))
        reply = await self._submit("captioner", request, client)
        assert isinstance(reply, Words)
        return reply.text

    async def paint(
        self, text: str, seed: int, client: str = "", look: bytes = b"", extra: bool = False
    ) -> Image.Image:
        """A picture of the text; the same text, seed and look give the same. Waits and raises like `caption`.

        An `extra` picture gives way to all captions and pictures that are not.
        """
        return await self._paint(Paint(text, seed, look), client, extra)

    async def paint_between(self, before: Prompt, after: Prompt, share: float, client: str = "") -> Image.Image:
        """What lies between two pictures, `before` at a share of 0 and `after` at 1: always an extra one."""
        return await self._paint(Between(before, after, share), client, extra=True)

    async def _paint(self, request: Paint | Between, client: str, extra: bool) -> Image.Image:
        reply = await self._submit("generator", request, client, extra)
        assert isinstance(reply, Painting)
        return image_of(reply)

    async def _submit(
        self, role: str, request: Caption | Paint | Between, client: str, extra: bool = False
    ) -> Words | Painting:
        self._check()
        if role not in self._models:
            raise NodeError(f"no {role} was named: name one with --{role}")
        job = Job(client, role, request, asyncio.get_running_loop().create_future(), extra)
        displaced = self._line.put(job)
        if displaced is not None:
            _refuse(displaced, Dropped("a newer picture took its place"))
        self._news.set()
        try:
            return await job.reply
        finally:
            self._line.leave(job)

    def _check(self) -> None:
        if self._failure is not None:
            raise NodeError(self._failure)

    async def _keep(self) -> None:
        """The task: keep a process running until the worker is closed or cannot work at all."""
        failure = CLOSED
        try:
            await self._run_processes()
        except NodeError as error:
            failure = str(error)
        finally:
            self._failure = failure
            self._settled.set()
            for job in self._line.clear():
                _refuse(job, NodeError(failure))

    async def _run_processes(self) -> None:
        crashes = 0
        while True:
            done_before = self._done
            try:
                await self._run_process()
            except Crash as crash:
                crashes = 1 if self._done > done_before else crashes + 1
                if crashes == MOST_CRASHES:
                    raise NodeError(
                        f"the picture worker died {crashes} times in a row ({crash}): free memory or use smaller models"
                    ) from crash
            self.restarts += 1
            await asyncio.sleep(min(FIRST_PAUSE_SECONDS * 2 ** (crashes - 1), LONGEST_PAUSE_SECONDS))

    async def _run_process(self) -> None:
        """One process from its start to its end: load the models, then serve the line. Raises Crash or NodeError."""
        async with start_process(self._models.values()) as process:
            self._process = process
            try:
                await self._use(process)
            finally:
                self._process = None

    async def _use(self, process: ModelProcess) -> None:
        loaded: list[str] = []
        for role, model in self._models.items():
            await self._serve_one_waiting(process, loaded)
            await _load(process, role, model)
            loaded.append(role)
        self._settled.set()
        while True:
            while await self._serve_one_waiting(process, loaded):
                pass
            self._news.clear()
            await self._news.wait()

    async def _serve_one_waiting(self, process: ModelProcess, roles: list[str]) -> bool:
        """Serve the first in the line whose model is loaded; False when there is none."""
        job = self._line.take(roles)
        if job is None:
            return False
        try:
            await self._serve(process, job)
        finally:
            _refuse(job, NodeError(CLOSED))
        return True

    async def _serve(self, process: ModelProcess, job: Job) -> None:
        try:
            reply = await process.ask(job.request)
        except Crash as crash:
            _refuse(job, Dropped(f"the picture worker died ({crash}) and is started again"))
            raise
        self._done += 1
        if isinstance(reply, Failed):
            _refuse(job, Dropped(f"the {job.role} failed: {reply.reason}"))
        elif isinstance(reply, Words | Painting) and not job.reply.done():
            job.reply.set_result(reply)


async def _load(process: ModelProcess, role: str, model: str) -> None:
    reply = await process.ask(Load(role, model))
    if isinstance(reply, Failed):
        raise NodeError(reply.reason)


def _refuse(job: Job, error: NodeError) -> None:
    """Give the job's caller this error, unless it has its reply or has given up."""
    if not job.reply.done():
        job.reply.set_exception(error)
