"""A call of two nodes on this machine, in a room of its own: the demo's, and the one whose deadlines are measured."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from node.call import build, speech_models
from node.call.endpoints import Endpoints, Models, PageInputs, Rendezvous
from node.call.node import Node
from node.call.speech_models import NO_MODELS, SpeechModels
from node.captions.coder import shipped_codecs
from node.captions.coding_process import CaptionProcess
from node.links import broker
from node.links.address import BrokerAddress
from node.links.login import broker_address
from node.speech.dialogue import voice_source
from protocol.room_secret import SECRET_BYTES, RoomSecret

if TYPE_CHECKING:
    from node.captions.coder import CaptionCoder
    from node.common.config import Settings
    from protocol.captions.registry import CaptionCodecs

LOOPBACK = "127.0.0.1"
NAMES = ("a", "b")

# A woman in an office and a man at home, as their voices are.
SCENES = {"a": "scene:277", "b": "scene:279"}


@dataclass(frozen=True, slots=True)
class LoopbackCall:
    """Both nodes of a call, where it is, and what its captions are coded with."""

    place: Rendezvous
    codecs: CaptionCodecs
    a: Node
    b: Node


@contextlib.asynccontextmanager
async def loopback_call(
    settings: Settings,
    models: Models,
    note: Callable[[str], None],
    *,
    own_broker: bool = True,
    page: PageInputs | None = None,
) -> AsyncIterator[LoopbackCall]:
    """Build the nodes `a` and `b`, ready to be run for as long as the context lasts.

    With `own_broker` the call goes through a broker of its own, else through the one of the settings. `note` gets the
    notes of both nodes. Raises NodeError when an endpoint cannot be had.
    """
    codecs = await asyncio.to_thread(shipped_codecs)
    async with (
        CaptionProcess(codecs) as captions,
        speech_models.running(settings, build.CALL, note) as words,
        _broker(settings, own_broker) as address,
    ):
        place = Rendezvous(RoomSecret.random(secrets.token_bytes(SECRET_BYTES)), address, address=LOOPBACK)
        ends = (settings, place, models, captions, words, note, page)
        a, b = [await asyncio.to_thread(_node, name, *ends) for name in NAMES]
        yield LoopbackCall(place, captions.codecs, a, b)


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
    words: SpeechModels,
    note: Callable[[str], None],
    page: PageInputs | None,
) -> Node:
    def note_of(text: str) -> None:
        note(f"{name}: {text}")

    ends, remarks = endpoints(name, settings, models, note_of, page, captions, words)
    for remark in remarks:
        note_of(remark)
    folder = settings.pictures / name if settings.pictures else None
    keeper = build.keeper(folder, lambda text: note(f"{name} {text}"))
    show, screen = build.gallery(keeper), build.screen(keeper)
    screen = screen if page is None else page.screen(screen)
    return Node(name, place, ends, show=show, screen=screen, note=note_of)


def endpoints(
    name: str,
    settings: Settings,
    models: Models,
    note: Callable[[str], None],
    page: PageInputs | None = None,
    captions: CaptionCoder | None = None,
    words: SpeechModels = NO_MODELS,
) -> tuple[Endpoints, list[str]]:
    """Build the endpoints of one node: its own voice and scene, unless the settings give `a` others."""
    given = settings if name == "a" else settings.model_copy(update={"speech": None, "camera": None})
    own = {
        "speech": given.speech or "none",
        "camera": given.camera or SCENES[name],
        "speaker": speaker_of(settings.speaker, name),
        "push_to_talk": False,  # nobody is there to push
    }
    asked = given.model_copy(update=own)
    ends, remarks = build.build_endpoints(asked, build.CALL, models, note, page, captions, words)
    if given.speech is None:
        ends = dataclasses.replace(ends, source=voice_source(name, frame=ends.profile.frame_samples))
    return ends, remarks


def speaker_of(speaker: str | None, name: str) -> str | None:
    """Return a file for each node: heard.wav becomes heard-a.wav and heard-b.wav. What is no file stays the same."""
    if speaker in (None, "default", "none"):
        return speaker
    path = Path(str(speaker))
    return str(path.with_stem(f"{path.stem}-{name}"))
