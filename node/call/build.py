"""Makes the parts of a node from the settings, and runs nodes for a while with something to look at."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.call.endpoints import Endpoints, Models, Rendezvous
from node.call.node import Node
from node.captions.coder import CaptionCoder, ThreadCoder, shipped_codecs
from node.common import signals
from node.common.tasks import first_error
from node.links.login import broker_address
from node.terminal.status import REFRESH_PER_SECOND, Display, View

if TYPE_CHECKING:
    from pathlib import Path

    from node.common.config import Settings
    from node.rooms import ResolvedRoom
    from node.speech.audio_io import Source
    from node.speech.codec import LyraChoice
    from node.vision.cameras import Camera
    from node.vision.gallery import PictureKeeper
    from node.vision.morph import Screen
    from node.vision.presets import Preset
    from node.vision.sender import PaintedPicture
    from node.vision.worker import Worker
    from node.web.page import Page
    from protocol.captions.registry import CaptionCodecs

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


def build_rendezvous(settings: Settings, room: ResolvedRoom) -> Rendezvous:
    """Where the call is. Raises NodeError for an address that is none, IceServerError for a server that cannot be."""
    from node.links.ice_servers import ice_server

    for url in settings.ice_servers:
        ice_server(url)
    broker = broker_address(settings, room.broker)
    return Rendezvous(room.secret, broker, tuple(settings.ice_servers), settings.media_address)


def waits(settings: Settings) -> bool:
    """Whether a call waits for broker and network at its start: as the settings say, else if nobody is there to see.

    That is so without a terminal, as under a service manager; another program that runs us within itself is told.
    """
    if settings.wait is not None:
        return settings.wait
    try:
        return sys.stdin is None or not os.isatty(sys.stdin.fileno())
    except io.UnsupportedOperation:
        return False
    except (OSError, ValueError):  # closed
        return True


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


PRELOADED = (
    "aiomqtt", "aiortc", "av", "concurrent.futures.thread", "numpy.fft", "numpy.random",
    # What aiortc's certificates and handshakes import when they are first made.
    "cryptography.hazmat.backends.openssl.backend", "cryptography.hazmat.primitives.serialization.ssh",
    "node.links.mqtt_client", "node.speech.receive_stream", "node.vision.gate", "node.vision.image_metrics",
)  # fmt: skip
"""What a call imports at the latest when the first peer comes, which must not stop the loop then."""


SWITCH_S = 0.0005
"""How long a thread may keep the interpreter from the loop, instead of Python's 5 ms. Measured on one core beside a
busy process, with captions read in a thread: the loop was late by 16 instead of 25 ms at p99, and by 25 instead of 39
at p99.9. At 0.1 ms it spent its time switching."""


def preload(codecs: CaptionCodecs) -> None:
    """Imports what a call needs and finds out which codebook we have, so that neither stops the loop once it runs.

    What is imported is then left out of garbage collection: going through it all stood still for 40 to 100 ms. Threads
    take turns faster from then on.
    """
    import gc
    import importlib
    import sys

    for module in PRELOADED:
        importlib.import_module(module)
    codecs.codebooks()
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()


def build_endpoints(
    settings: Settings,
    role: Role,
    models: Models,
    note: Callable[[str], None] = logger.info,
    page: Page | None = None,
    captions: CaptionCoder | None = None,
) -> tuple[Endpoints, list[str]]:
    """The ends of a node, and lines that a person should read about them. Raises NodeError if one cannot be had.

    ``note`` is told later, when a microphone or loudspeaker comes or goes, or a file cannot be read or written on. What
    the settings have a browser say or show is the ``page``'s. Without ``captions``, a thread codes the pictures' words.
    """
    from node.speech import profile_options
    from node.speech.devices import open_sink, open_source, processed
    from node.speech.playback_buffer import blocks_for
    from node.speech.sources import AtEnd
    from node.vision.cameras import open_camera
    from node.vision.presets import only_drawings

    captions = captions or ThreadCoder(shipped_codecs())
    preload(captions.codecs)
    speech_profile = profile_options.profile_from_settings(settings)
    source: Source | None = page.microphone if page is not None and settings.speech == PAGE else None
    camera: Camera | None = page.camera if page is not None and settings.camera == PAGE else None
    sink, notes = None, []
    if role.sends:
        at_end = AtEnd.LOOP if settings.loop else AtEnd.SILENCE
        if source is None:
            source, remark = open_source(settings.speech, at_end, speech_profile.frame_samples, note=note)
            notes.append(remark)
        camera = camera or open_camera(settings.camera or DEFAULT_CAMERA, note=note)
        camera = camera if page is None else page.shutter(camera)
    if role.receives:
        sink, remark = open_sink(settings.speaker, note=note, blocks=blocks_for(speech_profile.packet_ms))
        notes.append(remark)
    if settings.clean:
        source, sink, remark = processed(source, sink)
        notes.append(remark)
    made = Endpoints(
        profile=speech_profile,
        models=models if page is None else page.timed(models),
        source=source,
        sink=sink,
        camera=camera,
        paints=role.receives,
        only_drawings=only_drawings(chosen_models(settings).captioner),
        tries=settings.tries,
        look_bytes=settings.look,
        morph_fps=settings.morph,
        lyra=lyra_choice(settings),
        adapts=profile_options.adapts(settings),
        max_kbps=settings.max_kbps,
        captions=captions,
    )
    return made, [line for line in notes if line]


def lyra_choice(settings: Settings) -> LyraChoice | None:
    """Lyra, if the settings name its folder. Raises NodeError if it cannot run from there."""
    if settings.lyra is None:
        return None
    from node.speech import lyra_model
    from node.speech.codec import LyraChoice

    lyra_model.check(settings.lyra)
    return LyraChoice(settings.lyra, settings.lyra_bitrate)


def keeper(folder: Path | None, note: Callable[[str], None]) -> PictureKeeper | None:
    """Who keeps painted pictures in the folder, if there is one. Raises NodeError if it cannot be written to."""
    from node.vision.gallery import Gallery, PictureKeeper

    return None if folder is None else PictureKeeper(Gallery(folder), note)


def gallery(kept: PictureKeeper | None) -> Callable[[PaintedPicture], Awaitable[None]]:
    """What to do with painted pictures: keep them, if somebody does, and say what came."""

    async def show(painted: PaintedPicture) -> None:
        if kept is not None:
            await kept.keep(painted)

    return show


def screen(kept: PictureKeeper | None) -> Screen | None:
    """Keeps what is to be seen of each peer in a file, for whoever watches it; None if nobody keeps anything."""
    return None if kept is None else kept.show_now


def view(node: Node) -> View:
    """What the display shows of a node."""
    return View(node.name, node.count, node.peers, node.delay_ms, lambda: node.muted)


async def run(nodes: Sequence[Node], display: Display, seconds: float | None) -> None:
    """Runs nodes until one fails (its NodeError is raised), the seconds are over, or a signal comes."""
    stop = asyncio.Event()
    with signals.stopping(stop.set), first_error():
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


@contextlib.asynccontextmanager
async def running_models(models: Worker, note: Callable[[str], None]) -> AsyncIterator[Worker]:
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
