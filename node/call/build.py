"""Builds what a node is made of from the settings."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.call.endpoints import Endpoints, Models, PageInputs, Rendezvous
from node.call.speech_models import NO_MODELS, SpeechModels
from node.captions.coder import CaptionCoder, ThreadCoder, shipped_codecs
from node.common.tasks import first_error
from node.links.ice_servers import ice_server
from node.links.login import broker_address
from node.speech import opus_libraries, profile_options
from node.speech.playback_buffer import blocks_for
from node.speech.profiles import TEXT
from node.vision.people.identity import Identity
from node.vision.presets import chosen_models
from node.vision.worker import Worker
from protocol.signalling import RoutePolicy

if TYPE_CHECKING:
    from pathlib import Path

    from node.common.config import Settings
    from node.rooms import ResolvedRoom
    from node.speech.audio_io import Sink, Source
    from node.speech.codec import LyraChoice
    from node.speech.profiles import Profile
    from node.vision.cameras import Camera
    from node.vision.gallery import PictureKeeper
    from node.vision.morph import Screen
    from node.vision.types import PaintedPicture
    from protocol.captions.registry import CaptionCodecs

logger = logging.getLogger(__name__)

# As the setting of speech or camera: a browser's microphone, a browser's camera.
PAGE = "page"

# No room is shown without being asked for.
DEFAULT_CAMERA = "scene"


@dataclass(frozen=True, slots=True)
class Role:
    """The endpoints that a command gives its node."""

    sends: bool
    receives: bool

    @property
    def kind(self) -> str:
        """The command's name."""
        if self.sends:
            return "call" if self.receives else "send"
        return "receive"


CALL, SEND, RECEIVE = Role(True, True), Role(True, False), Role(False, True)
ROLES = {role.kind: role for role in (CALL, SEND, RECEIVE)}


def build_rendezvous(settings: Settings, room: ResolvedRoom) -> Rendezvous:
    """Return where the call is. Raises NodeError for a broker address and UsageError for an ICE server that is none."""
    for url in settings.ice_servers:
        ice_server(url)
    broker = broker_address(settings, room.broker)
    return Rendezvous(
        room.secret,
        broker,
        tuple(settings.ice_servers),
        settings.media_address,
        route=RoutePolicy(settings.route),
    )


def waits(settings: Settings) -> bool:
    """Return whether a call waits for broker and network at its start: as the settings say, else without a terminal.

    So it waits under a service manager. A program that runs this one within itself gets the error.
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
    """Return the worker with the models that this role needs. Raises NodeError for a model that does not exist."""
    chosen = chosen_models(settings)
    paints = role.receives or (role.sends and settings.tries > 1)
    return Worker(captioner=chosen.captioner if role.sends else None, generator=chosen.generator if paints else None)


# What a call imports at the latest when the first peer comes, which must not stop the loop then.
PRELOADED = (
    "aiomqtt", "aiortc", "av", "concurrent.futures.thread", "numpy.fft", "numpy.random",
    # What aiortc's certificates and handshakes import when they are first made.
    "cryptography.hazmat.backends.openssl.backend", "cryptography.hazmat.primitives.serialization.ssh",
    "node.links.mqtt_client", "node.speech.receive_stream", "node.vision.gate", "node.vision.image_metrics",
)  # fmt: skip


# How long a thread may keep the interpreter from the loop, instead of Python's 5 ms. Measured on one core beside a busy
# process, with captions read in a thread: the loop was late by 16 instead of 25 ms at p99, and by 25 instead of 39 at
# p99.9. At 0.1 ms it spent its time switching.
SWITCH_S = 0.0005


def preload(codecs: CaptionCodecs) -> None:
    """Import what a call needs and identify the codebook, so that neither stops the loop once it runs.

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
    page: PageInputs | None = None,
    captions: CaptionCoder | None = None,
    words: SpeechModels = NO_MODELS,
) -> tuple[Endpoints, list[str]]:
    """Build the endpoints of a node, and return them with lines for the user. Raises NodeError if one cannot be had.

    `note` gets a line later, when a microphone or loudspeaker is connected or removed, or a file cannot be read or
    written on. Inputs that the settings give to a browser are the `page`'s. Without `captions` a thread codes words.
    """
    captions = captions or ThreadCoder(shipped_codecs())
    preload(captions.codecs)
    profile = profile_options.profile_from_settings(settings)
    source, camera, remark = _open_inputs(settings, role, profile, note, page)
    source, sink, remarks = _open_output(settings, role, profile, note, source)
    identity = Identity(settings.me, settings.place)
    ends = Endpoints(
        profile=profile,
        models=models if page is None else page.timed(models),
        source=source,
        sink=sink,
        camera=camera,
        paints=role.receives,
        identity=identity,
        tries=settings.tries,
        look_bytes=settings.look,
        morph_fps=settings.morph,
        lyra=lyra_choice(settings),
        library=opus_libraries.decoder_library(settings.libopus),
        adapts=profile_options.adapts(settings),
        max_kbps=settings.max_kbps,
        captions=captions,
        words=words,
        floor_limit_s=_floor_limit_s(settings),
    )
    return ends, [line for line in (remark, *remarks, _floor_remark(settings, role), *identity.remarks) if line]


def _floor_limit_s(settings: Settings) -> float | None:
    return settings.floor_limit if settings.push_to_talk else None


def _floor_remark(settings: Settings, role: Role) -> str:
    if settings.push_to_talk and settings.profile == TEXT.name and role.sends:
        return "text alone needs no floor: --push-to-talk does nothing in this call"
    return ""


def _open_inputs(
    settings: Settings, role: Role, profile: Profile, note: Callable[[str], None], page: PageInputs | None
) -> tuple[Source | None, Camera | None, str]:
    """Open what the role sends, where it is not the page's, and return it with a line about it for the user."""
    from node.speech.devices import open_source
    from node.speech.sources import AtEnd
    from node.vision.cameras import open_camera

    source = page.microphone if page is not None and settings.speech == PAGE else None
    camera = page.camera if page is not None and settings.camera == PAGE else None
    remark = ""
    if role.sends:
        at_end = AtEnd.LOOP if settings.loop else AtEnd.SILENCE
        if source is None:
            source, remark = open_source(settings.speech, at_end, profile.frame_samples, note=note)
        camera = camera or open_camera(settings.camera or DEFAULT_CAMERA, note=note)
        camera = camera if page is None else page.shutter(camera)
    return source, camera, remark


def _open_output(
    settings: Settings, role: Role, profile: Profile, note: Callable[[str], None], source: Source | None
) -> tuple[Source | None, Sink | None, list[str]]:
    """Open where received speech is played, and clean both sounds if the settings say so; return lines about both."""
    from node.speech.devices import open_sink, processed

    sink, remarks = None, []
    if role.receives:
        sink, remark = open_sink(settings.speaker, note=note, blocks=blocks_for(profile.packet_ms))
        remarks.append(remark)
    if settings.clean:
        source, sink, remark = processed(source, sink)
        remarks.append(remark)
    return source, sink, remarks


def lyra_choice(settings: Settings) -> LyraChoice | None:
    """Return Lyra, if the settings name its folder. Raises NodeError if it cannot run from there."""
    if settings.lyra is None:
        return None
    from node.speech import lyra_model
    from node.speech.codec import LyraChoice

    lyra_model.check(settings.lyra)
    return LyraChoice(settings.lyra, settings.lyra_bitrate)


def keeper(folder: Path | None, note: Callable[[str], None]) -> PictureKeeper | None:
    """Return what stores painted pictures in the folder, if there is one. Raises NodeError if it is not writable."""
    from node.vision.gallery import Gallery, PictureKeeper

    return None if folder is None else PictureKeeper(Gallery(folder), note)


def gallery(store: PictureKeeper | None) -> Callable[[PaintedPicture], Awaitable[None]]:
    """Return what stores and notes each painted picture, if there is a store."""

    async def show(painted: PaintedPicture) -> None:
        if store is not None:
            await store.keep(painted)

    return show


def screen(store: PictureKeeper | None) -> Screen | None:
    """Return what writes the current picture of each peer to a file, for a viewer; None without a store."""
    return None if store is None else store.show_now


@contextlib.asynccontextmanager
async def running_models(models: Worker, note: Callable[[str], None]) -> AsyncIterator[Worker]:
    """Run the worker and note when its models are ready. One that cannot be loaded ends the context by NodeError."""
    models.note = note

    async def announce() -> None:
        await models.ready()
        note("the picture models are ready")

    with first_error():
        async with models, asyncio.TaskGroup() as group:
            waiting = group.create_task(announce(), name="models")
            yield models
            waiting.cancel()
