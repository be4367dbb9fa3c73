"""The commands doctor and devices: what is here, what is missing, and what to do about it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node import opening
from node.tasks import first_error
from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.config import Settings

OLDEST_PYTHON = (3, 11)
BROKER_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. What is not ``needed`` may be missing without the check failing."""

    subject: str
    good: bool
    text: str
    needed: bool = True

    def __str__(self) -> str:
        mark = "ok" if self.good else "NO" if self.needed else "--"
        return f"{mark:3}{self.subject:12} {self.text}"


async def run(settings: Settings) -> bool:
    """Prints a line for each check as it ends; true if everything that a call needs is here."""
    healthy = True
    async for finding in examine(settings):
        print(finding, flush=True)
        healthy = healthy and (finding.good or not finding.needed)
    return healthy


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """All checks, one after the other."""
    yield _python()
    yield await _attempt("libopus", _libopus)
    yield await _attempt("models", lambda: _models(settings))
    for finding in await asyncio.to_thread(_sound):
        yield finding
    yield await asyncio.to_thread(_camera)
    named = "broker" in settings.model_fields_set
    yield await _attempt("broker", lambda: _broker(settings), needed=named)


async def _attempt(subject: str, check: Callable[[], Awaitable[str]], needed: bool = True) -> Finding:
    try:
        return Finding(subject, True, await check(), needed)
    except NodeError as error:
        return Finding(subject, False, str(error), needed)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= OLDEST_PYTHON
    wanted = ".".join(str(part) for part in OLDEST_PYTHON)
    return Finding("Python", good, version if good else f"{version} is too old: install {wanted} or newer")


async def _libopus() -> str:
    from node.speech import opus

    return f"{opus.version()} ({opus.library_path()})"


async def _models(settings: Settings) -> str:
    began = time.monotonic()
    async with opening.worker(settings, opening.CALL) as worker:
        await worker.ready()
    seconds = time.monotonic() - began
    return f"{opening.chosen_models(settings).name}: loaded in {seconds:.1f} s"


def _sound() -> list[Finding]:
    from node.speech.soundcard import devices

    found = devices()
    missing = found.note or "none found: plug one in, or use a sound file"
    return [
        Finding("microphone", bool(found.inputs), ", ".join(found.inputs) or missing, needed=False),
        Finding("loudspeaker", bool(found.outputs), ", ".join(found.outputs) or missing, needed=False),
    ]


def _camera() -> Finding:
    from node.vision.cameras import webcams

    names = ", ".join(camera.name for camera in webcams())
    missing = "none found: plug one in, or use --camera scene, a picture or a video"
    return Finding("webcam", bool(names), names or missing, needed=False)


async def _broker(settings: Settings) -> str:
    from node.links.mqtt import MqttLink

    address = opening.broker_address(settings)
    up = asyncio.Event()
    link = MqttLink(address, on_message=lambda topic, payload: None, on_up=up.set)
    try:
        with first_error():
            async with asyncio.timeout(BROKER_TIMEOUT_S), asyncio.TaskGroup() as group:
                running = group.create_task(link.run(), name="broker check")
                await up.wait()
                running.cancel()
    except TimeoutError:
        raise NodeError(f"the broker {address} does not answer within {BROKER_TIMEOUT_S:.0f} s") from None
    return f"{address} answers"


def devices() -> list[str]:
    """Lines for people: microphones, loudspeakers and webcams by name."""
    from node.speech.soundcard import devices as sound_devices
    from node.vision.cameras import webcams

    sound = sound_devices()
    cameras = [camera.name for camera in webcams()]
    lines = []
    for title, names in (("microphones", sound.inputs), ("loudspeakers", sound.outputs), ("webcams", cameras)):
        lines += [f"{title}:", *(f"  {name}" for name in names or ["none found"])]
    return [*lines, *([sound.note] if sound.note else [])]
