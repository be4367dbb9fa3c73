"""The model that paints a session's pictures again: the recorded one, or another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from node.recording import provenance
from node.replay.pictures import Paint
from node.vision.presets import choose
from node.vision.types import Prompt
from node.vision.worker import Worker
from protocol.errors import NodeError
from protocol.log import Header

if TYPE_CHECKING:
    from PIL import Image

EMBEDDED = "embedded"


@contextlib.asynccontextmanager
async def session_painter(
    header: Header, models: str | None, generator: str | None, note: Callable[[str], None]
) -> AsyncIterator[Paint | None]:
    """Yields what paints, ready: the session's own generator unless `models` or `generator` names another.

    If that cannot be had, a line says so and None is yielded: everything else can still be played. Raises NodeError for
    a preset that there is not.
    """
    chosen = chosen_generator(header, models, generator)
    async with contextlib.AsyncExitStack() as stack:
        worker = await _ready(stack, chosen, note)
        if worker is None:
            yield None
            return
        if remark := await asyncio.to_thread(_other_version, header, chosen):
            note(remark)

        async def paint(sender: str, prompt: Prompt) -> Image.Image:
            return await worker.paint(prompt.text, prompt.seed, client=sender, look=prompt.look)

        yield paint


async def _ready(stack: contextlib.AsyncExitStack, generator: str, note: Callable[[str], None]) -> Worker | None:
    try:
        worker = await stack.enter_async_context(Worker(generator=generator))
        await worker.ready()
    except NodeError as error:
        note(f"no pictures: {error}")
        return None
    return worker


def chosen_generator(header: Header, models: str | None, generator: str | None) -> str:
    """The folder or hub id of the generator that is asked for, or else of the recorded one."""
    if models is None and generator is None:
        generator = header.models.get("generator")
    return choose(models or EMBEDDED, generator=generator).generator


def _other_version(header: Header, generator: str) -> str:
    """What a person is told if the same pictures cannot be expected of the model that bears the recorded name."""
    recorded = header.versions.get("generator", "")
    if not recorded or chosen_generator(header, None, None) != generator:
        return ""
    if provenance.version_of(generator) == recorded:
        return ""
    return "the generator is another version than the recorded one: its pictures may differ"
