"""The commands `doctor` and `devices`: what is here, what is missing, and what to do about it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from node import rooms
from node.call import room_check
from node.commands import options
from node.common.output import say
from node.common.tasks import first_error
from node.links import ice_gathering, login
from node.links.address import BrokerAddress
from node.links.broker_addresses import BrokerAddresses, Target
from node.links.ice_servers import ice_server
from node.links.mqtt import MqttLink
from node.vision.perception import files
from node.vision.presets import PERCEPTION, chosen_models
from protocol.errors import LocalError, NodeError

if TYPE_CHECKING:
    from node.common.config import Settings
    from node.speech.soundcard import SoundDevices

OLDEST_PYTHON = (3, 11)
BROKER_TIMEOUT_S = 10.0
DAY_S = 86_400
CERTIFICATE_SOON_DAYS = 14  # those that renew themselves do so a month before

app = options.group()


@options.command(app)
def devices() -> None:
    """List microphones, loudspeakers and webcams."""
    say(*device_lines())


@options.command(app, *options.ROOM, "models", "captioner", "generator", "libopus")
def doctor(
    settings: Settings,
    room: Annotated[
        list[str] | None, typer.Argument(metavar="ROOM", help="A room to check, too: as call takes it.")
    ] = None,
) -> None:
    """Check that everything a call needs is here, and say what to do about what is not."""
    options.run(run(settings, options.joined(room)))


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. What is not `needed` may be missing without the check failing."""

    subject: str
    good: bool
    text: str
    needed: bool = True

    def __str__(self) -> str:
        mark = "ok" if self.good else "NO" if self.needed else "--"
        return f"{mark:3}{self.subject:12} {self.text}"


async def run(settings: Settings, room: str | None = None) -> bool:
    """Print a line for each check as it ends; true if all that a call needs is here, in the room if one is given."""
    healthy = True
    async for finding in examine(settings, room):
        say(finding)
        healthy = healthy and (finding.good or not finding.needed)
    return healthy


async def examine(settings: Settings, room_text: str | None = None) -> AsyncIterator[Finding]:
    """Run the checks one after the other, those that take long last. The room is as for `node.rooms.resolve`."""
    yield _python()
    yield await _attempt("libopus", partial(_libopus, settings.libopus))
    async for finding in _meeting(settings, room_text):
        yield finding
    sound, cameras = await asyncio.to_thread(_found_devices)
    missing = sound.note or "none found: plug one in, use a sound file, or talk and listen on the page (--page)"
    yield Finding("microphone", bool(sound.inputs), ", ".join(sound.inputs) or missing, needed=False)
    yield Finding("loudspeaker", bool(sound.outputs), ", ".join(sound.outputs) or missing, needed=False)
    missing = "none found: plug one in, or use --camera scene, a picture or a video"
    yield Finding("webcam", bool(cameras), ", ".join(cameras) or missing, needed=False)
    sees_people = chosen_models(settings).captioner == PERCEPTION
    yield await _attempt("perception", _perception, needed=sees_people)
    yield await _attempt("models", lambda: _models(settings))


async def _meeting(settings: Settings, room_text: str | None) -> AsyncIterator[Finding]:
    """Check the room, the way to it, and whether the broker serves it."""
    room, about_room = await asyncio.to_thread(_room, settings, room_text)
    if about_room is not None:
        yield about_room
    named = "broker" in settings.model_fields_set or (room is not None and room.broker is not None)
    if settings.ice_servers:
        yield await _attempt("ICE", lambda: _ice_servers(settings), needed=False)
    try:
        address = login.broker_address(settings, room.broker if room else None)
    except LocalError as error:
        yield Finding("broker", False, str(error), named)
        return
    answers = [await _attempt("broker", partial(_ask, target), named) for target in await _targets(address)]
    serves = any(answer.good for answer in answers)
    for answer in answers:
        yield replace(answer, needed=named and not serves)
    for remark in login.remarks(settings, address):
        yield Finding("broker", False, remark, needed=False)
    if room is not None and serves:
        yield await _attempt("access", partial(_access, address, room), needed=named)


async def _attempt(subject: str, check: Callable[[], Awaitable[str]], needed: bool = True) -> Finding:
    try:
        return Finding(subject, True, await check(), needed)
    except LocalError as error:
        return Finding(subject, False, str(error), needed)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= OLDEST_PYTHON
    wanted = ".".join(str(part) for part in OLDEST_PYTHON)
    return Finding("Python", good, version if good else f"{version} is too old: install {wanted} or newer")


async def _libopus(choice: str) -> str:
    from node.speech import libopus, opus_libraries

    encodes, decodes = opus_libraries.library_path(), opus_libraries.decoder_library(choice)
    found = f"{libopus.version()} ({encodes})"
    if decodes.path != encodes:
        found += f"; decodes by {decodes.version} ({decodes.path})"
    return found + (", which restores wideband speech" if decodes.enhances else "")


async def _models(settings: Settings) -> str:
    from node.call import build

    began = time.monotonic()
    async with build.worker(settings, build.CALL) as worker:
        await worker.ready()
    seconds = time.monotonic() - began
    return f"{chosen_models(settings).name}: loaded in {seconds:.1f} s"


async def _perception() -> str:
    """Return where the perception models are. Raises NodeError with what to do if they cannot be used."""
    folder = files.folder()
    found = await asyncio.to_thread(files.verified, folder)
    return f"{len(found)} files, as they were released ({folder})"


def _found_devices() -> tuple[SoundDevices, list[str]]:
    """Return the microphones and loudspeakers, and the names of the webcams."""
    from node.speech import soundcard
    from node.vision import cameras

    return soundcard.devices(), [camera.name for camera in cameras.webcams()]


def _room(settings: Settings, text: str | None) -> tuple[rooms.ResolvedRoom | None, Finding | None]:
    """Return the room, if one is given, and the finding about it."""
    if text is None and settings.room is None and settings.room_file is None:
        return None, None
    try:
        room = rooms.resolve(text, settings)
    except LocalError as error:
        return None, Finding("room", False, str(error))
    return room, Finding("room", True, _described(room))


def _described(room: rooms.ResolvedRoom) -> str:
    name = f"{room.name}, with " if room.name else ""
    return f"{name}topics {room.secret.room_id()}/+/+{f'; {room.note}' if room.note else ''}"


async def _targets(address: BrokerAddress) -> list[Target]:
    """Return all addresses of a broker, and each number of a name with several."""
    addresses = BrokerAddresses(address)
    targets = [await addresses.next()]
    while not addresses.round_is_over:
        targets.append(await addresses.next())
    return targets


async def _ask(target: Target) -> str:
    """Return how a broker answers at one address. Raises NodeError if it does not."""
    up, protection = asyncio.Event(), ""

    def note_protection() -> None:
        nonlocal protection
        protection = _protection(link)
        up.set()

    async def found(host: str, port: int) -> list[str]:
        return [target.host]

    link = MqttLink(target.address, on_message=lambda topic, payload: None, on_up=note_protection, resolve=found)
    try:
        with first_error():
            async with asyncio.timeout(BROKER_TIMEOUT_S), asyncio.TaskGroup() as group:
                running = group.create_task(link.run(), name="broker check")
                await up.wait()
                running.cancel()
    except TimeoutError:
        raise NodeError(f"the broker {target} does not answer within {BROKER_TIMEOUT_S:.0f} s") from None
    return f"{target} answers{protection}{' in MQTT 5' if link.speaks_5 else ''}"


async def _access(address: BrokerAddress, room: rooms.ResolvedRoom) -> str:
    """Return whether the broker passes on what is sent in the room."""
    passage = await room_check.try_room(address, room.secret)
    return passage.describe(address, room.secret.room_id())


async def _ice_servers(settings: Settings) -> str:
    """Which STUN and TURN servers answer. Raises NodeError if one does not, or cannot be used."""
    servers = [ice_server(text) for text in settings.ice_servers]
    answer = await asyncio.gather(*(ice_gathering.answers(server, settings.media_address) for server in servers))
    text = ", ".join(
        f"{server.urls} {'answers' if good else 'does not answer'}"
        for server, good in zip(servers, answer, strict=True)
    )
    if not all(answer):
        raise NodeError(f"{text}: check host, port and login, and whether UDP may go out")
    return text


def _protection(link: MqttLink) -> str:
    secured = link.tls_state()
    if secured is None:
        return ""
    days = (secured.ends - time.time()) / DAY_S
    soon = ": renew it" if days < CERTIFICATE_SOON_DAYS else ""
    return f" by {secured.version}, its certificate is good for {days:.0f} days{soon}"


def device_lines() -> list[str]:
    """Return lines for people: microphones, loudspeakers and webcams by name."""
    sound, cameras = _found_devices()
    lines = []
    for title, names in (("microphones", sound.inputs), ("loudspeakers", sound.outputs), ("webcams", cameras)):
        lines += [f"{title}:", *(f"  {name}" for name in names or ["none found"])]
    return [*lines, *([sound.note] if sound.note else [])]
