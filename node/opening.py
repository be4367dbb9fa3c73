"""Makes the parts of a node from the settings, and runs nodes for a while with something to look at."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.call import Node
from node.display import REFRESH_PER_SECOND, Display, View
from node.meeting import broker_address
from node.parts import Models, Parts, Place
from node.tasks import first_error

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from node.config import Settings
    from node.morph import Screen
    from node.pictures import Painted
    from node.rooms import ResolvedRoom
    from node.speech.coding import LyraChoice
    from node.speech.sources import Source
    from node.vision.cameras import Camera
    from node.vision.presets import Preset
    from node.vision.worker import Worker
    from node.web.page import Page

logger = logging.getLogger(__name__)

PAGE = "page"  # as what is said or seen: a browser's microphone, a browser's camera
DEFAULT_CAMERA = "scene"  # nobody's room is shown without being asked


@dataclass(frozen=True, slots=True)
class Role:
    """Which ends a command gives its node."""

    sends: bool
    receives: bool

    @property
    def kind(self) -> str:
        """The command's name."""
        if self.sends:
            return "call" if self.receives else "send"
        return "receive"


CALL, SEND, RECEIVE = Role(True, True), Role(True, False), Role(False, True)


def place(settings: Settings, room: ResolvedRoom) -> Place:
    """Where the call is. Raises NodeError for an address that is none."""
    from node.links.rtc import ice_server

    for url in settings.ice_servers:
        ice_server(url)
    broker = broker_address(settings, room.broker)
    return Place(room.secret, broker, tuple(settings.ice_servers), settings.media_address)


def worker(settings: Settings, role: Role) -> Worker:
    """The process for the models that this role needs. Raises NodeError for a model that cannot be."""
    from node.vision.worker import Worker

    chosen = chosen_models(settings)
    paints = role.receives or (role.sends and settings.tries > 1)
    return Worker(captioner=chosen.captioner if role.sends else None, generator=chosen.generator if paints else None)


def chosen_models(settings: Settings) -> Preset:
    """The captioner and the generator of the settings. Raises NodeError for a preset that there is not."""
    from node.vision.presets import choose

    return choose(settings.models, settings.captioner, settings.generator)


def preload() -> None:
    """Imports what a call needs and reads the codebooks, so that neither stops the loop once it runs: most of a second.

    What is imported is then left out of garbage collection: going through it all stood still for 40 to 100 ms.
    """
    import gc

    import aiomqtt
    import aiortc
    import av
    import numpy

    from protocol.captions import registry

    registry.codebooks()
    del aiomqtt, aiortc, av, numpy
    gc.collect()
    gc.freeze()


def parts(
    settings: Settings,
    role: Role,
    models: Models,
    note: Callable[[str], None] = logger.info,
    page: Page | None = None,
) -> tuple[Parts, list[str]]:
    """The ends of a node, and lines that a person should read about them. Raises NodeError if one cannot be had.

    ``note`` is told later, when a microphone or loudspeaker comes or goes. What the settings have a browser say or
    show is the ``page``'s.
    """
    from node.speech import choice, processing
    from node.speech.sinks import blocks_for, open_sink
    from node.speech.sources import AtEnd, open_source
    from node.vision.cameras import open_camera
    from node.vision.presets import knows_only_drawings

    preload()
    speech_profile = choice.chosen(settings)
    source: Source | None = page.microphone if page is not None and settings.speech == PAGE else None
    camera: Camera | None = page.camera if page is not None and settings.camera == PAGE else None
    sink, notes = None, []
    if role.sends:
        at_end = AtEnd.LOOP if settings.loop else AtEnd.SILENCE
        if source is None:
            source, remark = open_source(settings.speech, at_end, speech_profile.frame_samples, note=note)
            notes.append(remark)
        camera = camera or open_camera(settings.camera or DEFAULT_CAMERA)
        camera = camera if page is None else page.shutter(camera)
    if role.receives:
        sink, remark = open_sink(settings.speaker, note=note, blocks=blocks_for(speech_profile.packet_ms))
        notes.append(remark)
    if settings.clean:
        source, sink, remark = processing.between(source, sink)
        notes.append(remark)
    made = Parts(
        profile=speech_profile,
        models=models if page is None else page.timed(models),
        source=source,
        sink=sink,
        camera=camera,
        paints=role.receives,
        only_drawings=knows_only_drawings(chosen_models(settings).captioner),
        tries=settings.tries,
        look_bytes=settings.look,
        morph_fps=settings.morph,
        lyra=lyra_choice(settings),
        adapts=choice.adapts(settings),
        max_kbps=settings.max_kbps,
    )
    return made, [line for line in notes if line]


def lyra_choice(settings: Settings) -> LyraChoice | None:
    """Lyra, if the settings name its folder. Raises NodeError if it cannot run from there."""
    if settings.lyra is None:
        return None
    from node.speech import lyra
    from node.speech.coding import LyraChoice

    lyra.check(settings.lyra)
    return LyraChoice(settings.lyra, settings.lyra_bitrate)


def gallery(folder: Path | None, note: Callable[[str], None]) -> Callable[[Painted], Awaitable[None]]:
    """What to do with painted pictures: keep them in the folder, if there is one, and say what came."""
    from node.vision.gallery import Gallery

    kept = Gallery(folder) if folder is not None else None

    async def show(painted: Painted) -> None:
        if kept is not None:
            path = await kept.save(painted.image, painted.peer, painted.sequence, painted.caption)
            note(f"painted {path.name}: {painted.caption}")

    return show


def screen(folder: Path | None) -> Screen | None:
    """Keeps what is to be seen of each peer in a file of the folder, for whoever watches it; None without a folder."""
    from node.vision.gallery import Gallery

    if folder is None:
        return None
    kept = Gallery(folder)

    async def show(peer: str, image: Image.Image) -> None:
        await kept.show_now(image, peer)

    return show


def view(node: Node) -> View:
    """What the display shows of a node."""
    return View(node.name, node.count, node.peers, node.delay_ms, lambda: node.muted)


async def run(nodes: Sequence[Node], display: Display, seconds: float | None) -> None:
    """Runs nodes until one fails (its NodeError is raised), the seconds are over, or SIGINT or SIGTERM comes."""
    stop = asyncio.Event()
    with ending_signals(stop.set), first_error():
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(node.run(), name=node.name) for node in nodes]
            group.create_task(_end(running, stop, seconds), name="end")
            group.create_task(_refresh(display, running), name="display")


async def _end(running: Sequence[asyncio.Task[None]], stop: asyncio.Event, seconds: float | None) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    for task in running:
        task.cancel()


async def _refresh(display: Display, running: Sequence[asyncio.Task[None]]) -> None:
    while not all(task.done() for task in running):
        display.refresh()
        await asyncio.wait(running, timeout=1 / REFRESH_PER_SECOND, return_when=asyncio.FIRST_COMPLETED)


@contextlib.contextmanager
def ending_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM end the call in order, goodbye and summary included."""
    loop = asyncio.get_running_loop()
    caught = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # Windows, or not the main thread
            loop.add_signal_handler(number, stop)
            caught.append(number)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def loaded(models: Worker, note: Callable[[str], None]) -> AsyncIterator[Worker]:
    """Runs the worker and says how its models come along. One that cannot be loaded ends the context by NodeError."""
    models.note = note

    async def announce() -> None:
        await models.ready()
        note("the picture models are ready")

    with first_error():
        async with models, asyncio.TaskGroup() as group:
            waiting = group.create_task(announce(), name="models")
            yield models
            waiting.cancel()
