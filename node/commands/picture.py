"""The commands caption and imagine: one picture, no call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from node.call import build
from node.common import progress
from node.common.output import remark, say
from node.common.own_thread import awaited
from node.terminal.summary import as_json
from protocol.errors import NodeError

if TYPE_CHECKING:
    from PIL import Image

    from node.common.config import Settings

LOADING = "loading the picture model"


async def caption(settings: Settings, path: Path, json: bool) -> bool:
    """Prints what the picture shows."""
    from node.vision import images
    from node.vision.presets import NOT_DRAWN

    image = await awaited(images.MAX_WAIT, f"the picture {str(path)!r}", lambda: images.open_small(path))
    with progress.waiting(LOADING):
        async with build.worker(settings, build.SEND) as models:
            words = await models.caption(image)
    if not await asyncio.to_thread(captioner_knows, settings, image):
        remark(NOT_DRAWN)
    say(as_json({"caption": words}) if json else words)
    return True


def captioner_knows(settings: Settings, image: Image.Image) -> bool:
    """Whether the picture is of the world that the captioner was trained on."""
    from node.vision.image_metrics import is_drawing
    from node.vision.presets import only_drawings

    return not only_drawings(build.chosen_models(settings).captioner) or is_drawing(image)


async def imagine(settings: Settings, text: str, output: Path, seed: int) -> bool:
    """Paints the text into the file."""
    await asyncio.to_thread(_check_writable, output)
    with progress.waiting(LOADING):
        async with build.worker(settings, build.RECEIVE) as models:
            image = await models.paint(text, seed)
    try:
        await asyncio.to_thread(image.save, output)
    except OSError as error:
        raise NodeError(f"cannot write the picture {str(output)!r}: {error.strerror or error}") from None
    return True


def _check_writable(output: Path) -> None:
    """NodeError before the models are loaded for nothing."""
    from PIL import Image

    if not output.parent.is_dir():
        raise NodeError(f"no folder {str(output.parent)!r} to write {output.name!r} to; make it first")
    if Image.registered_extensions().get(output.suffix.lower()) not in Image.SAVE:
        raise NodeError(f"no picture format is called {output.suffix!r}; end the name {output.name!r} in .png or .jpg")
