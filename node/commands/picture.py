"""The commands `caption` and `imagine`: one picture, no call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.call import build
from node.commands import options
from node.common import progress
from node.common.config import Settings
from node.common.files import check_writable, unwritable
from node.common.output import remark, say
from node.common.own_thread import awaited
from node.terminal.summary import as_json
from node.vision import images, presets
from node.vision.image_metrics import is_drawing
from protocol.errors import NodeError

if TYPE_CHECKING:
    from PIL import Image

LOADING = "loading the picture model"


app = options.group()


@options.command(app, "models", "captioner")
def caption(
    settings: Settings,
    image: Annotated[Path, typer.Argument(help="The picture to describe.")],
    json: options.Summary = False,
) -> None:
    """Say what a picture shows."""
    options.run(describe(settings, image, json))


@options.command(app, "output", "seed", "models", "generator")
def imagine(
    settings: Settings,
    text: Annotated[str, typer.Argument(help="What to paint.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture file to write, PNG or JPEG.")],
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Another seed, another picture.")] = 0,
) -> None:
    """Paint a picture of a text."""
    options.run(paint(settings, text, output, seed))


async def describe(settings: Settings, path: Path, json: bool) -> bool:
    """Print what the picture shows."""
    image = await awaited(images.MAX_WAIT, f"the picture {str(path)!r}", lambda: images.open_small(path))
    with progress.waiting(LOADING):
        async with build.worker(settings, build.SEND) as models:
            words = await models.caption(image)
    if not await asyncio.to_thread(captioner_knows, settings, image):
        remark(presets.NOT_DRAWN)
    say(as_json({"caption": words}) if json else words)
    return True


def captioner_knows(settings: Settings, image: Image.Image) -> bool:
    """Return whether the captioner can know what the picture shows: the embedded one knows drawings alone."""
    return not presets.only_drawings(presets.chosen_models(settings).captioner) or is_drawing(image)


async def paint(settings: Settings, text: str, output: Path, seed: int) -> bool:
    """Paint the text into the file."""
    await asyncio.to_thread(_check_picture, output)
    with progress.waiting(LOADING):
        async with build.worker(settings, build.RECEIVE) as models:
            image = await models.paint(text, seed)
    try:
        await asyncio.to_thread(image.save, output)
    except OSError as error:
        raise unwritable(output, error, "picture") from None
    return True


def _check_picture(output: Path) -> None:
    """NodeError before the models are loaded for nothing."""
    from PIL import Image

    if Image.registered_extensions().get(output.suffix.lower()) not in Image.SAVE:
        raise NodeError(f"no picture format is called {output.suffix!r}; end the name {output.name!r} in .png or .jpg")
    check_writable(output, "picture", "cat.png")
