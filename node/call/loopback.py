"""Two nodes on this machine, `a` and `b`, with a call between them: the demo's, and that of the benchmarks."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from node.call import build
from node.call.endpoints import Endpoints, Models, Rendezvous
from node.call.node import Node
from node.captions.coder import CaptionCoder, shipped_codecs
from node.captions.coding_process import CaptionProcess
from node.links import broker
from node.links.address import BrokerAddress
from node.links.login import broker_address
from node.recording import control, provenance
from node.terminal.status import BufferedNotes, choose
from node.web import setup as web
from protocol.errors import UsageError
from protocol.room_secret import SECRET_BYTES, RoomSecret

if TYPE_CHECKING:
    from node.common.config import Settings
    from node.web.page import Page

LOOPBACK = "127.0.0.1"
NAMES = ("a", "b")
SCENES = {"a": "scene:277", "b": "scene:279"}  # a woman in an office and a man at home, as their voices are


async def call(
    settings: Settings,
    models: Models,
    notes: BufferedNotes,
    own_broker: bool,
    seconds: float,
    quiet: bool,
    others: Callable[[Rendezvous], Sequence[Node]] = lambda place: (),
) -> tuple[Node, Node]:
    """Call between ``a`` and ``b`` and returns both with what they counted. ``others`` come to their room.

    The display is as `choose` has it for ``quiet``, and so is the page. A recording is of what ``a`` sends and gets.
    Raises NodeError when a part of it fails.
    """
    if settings.record is not None and settings.seal_recording:
        raise UsageError("the demo's room is gone with it, and nobody could open what it sealed: leave out the seal")
    page = web.page_from_settings(settings, "demo", notes, or_next=True)
    async with CaptionProcess(shipped_codecs()) as captions, _broker(settings, own_broker) as address:
        place = Rendezvous(_new_room(), address, address=LOOPBACK)
        ends = (settings, place, models, captions, notes, page)
        a, b = [await asyncio.to_thread(_node, name, *ends) for name in NAMES]
        named = settings.model_copy(update={"name": a.name})
        header = await asyncio.to_thread(provenance.recording_header, named, build.CALL, captions.codecs.codebooks())
        with choose([build.view(node) for node in (a, b)], quiet=quiet) as display:
            notes.to(display)
            with control.of(a, settings, header, notes, place.room):
                async with web.serving(page, notes, a, b):
                    await build.run([a, b, *others(place)], display, seconds)
    return a, b


def _new_room() -> RoomSecret:
    return RoomSecret.random(secrets.token_bytes(SECRET_BYTES))


@contextlib.asynccontextmanager
async def _broker(settings: Settings, own: bool) -> AsyncIterator[BrokerAddress]:
    if not own:
        yield broker_address(settings)
        return
    async with broker.serve(LOOPBACK, 0) as port:
        yield BrokerAddress(LOOPBACK, port)


def _node(
    name: str,
    settings: Settings,
    place: Rendezvous,
    models: Models,
    captions: CaptionCoder,
    notes: BufferedNotes,
    page: Page | None,
) -> Node:
    parts, remarks = _parts(name, settings, models, page, lambda text: notes(f"{name}: {text}"), captions)
    for remark in remarks:
        notes(f"{name}: {remark}")
    folder = settings.pictures / name if settings.pictures else None
    kept = build.keeper(folder, lambda text: notes(f"{name} {text}"))
    show, screen = build.gallery(kept), build.screen(kept)
    screen = screen if page is None else page.screen(screen)
    return Node(name, place, parts, show=show, screen=screen, note=lambda text: notes(f"{name}: {text}"))


def _parts(
    name: str,
    settings: Settings,
    models: Models,
    page: Page | None,
    note: Callable[[str], None],
    captions: CaptionCoder | None = None,
) -> tuple[Endpoints, list[str]]:
    """The ends of one side: its own voice and scene, unless the user gave ``a`` others."""
    from node.speech.dialogue import voice_source

    given = settings if name == "a" else settings.model_copy(update={"speech": None, "camera": None})
    own = {
        "speech": given.speech or "none",
        "camera": given.camera or SCENES[name],
        "speaker": _own_file(settings.speaker, name),
    }
    parts, remarks = build.build_endpoints(given.model_copy(update=own), build.CALL, models, note, page, captions)
    if given.speech is None:
        voice = voice_source(name, frame=parts.profile.frame_samples)
        parts = dataclasses.replace(parts, source=voice)
    return parts, remarks


def _own_file(speaker: str | None, name: str) -> str | None:
    """Each side its own file: heard.wav becomes heard-a.wav and heard-b.wav."""
    if speaker in (None, "default", "none"):
        return speaker
    path = Path(str(speaker))
    return str(path.with_stem(f"{path.stem}-{name}"))
