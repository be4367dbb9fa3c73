"""The commands `caption` and `imagine`: one picture, no call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.call import build
from node.commands import options
from node.common import progress
from node.common.config import Settings
from node.common.files import check_writable, unwritable, wrote
from node.common.output import remark, say
from node.common.own_thread import awaited
from node.terminal.summary import as_json
from node.vision import images, presets
from node.vision.people import wording
from node.vision.people.identity import Identity
from node.vision.people.situation import situation_of
from node.vision.perception.observation import to_plain
from node.vision.scene_painter import how_painted
from node.vision.scenes.grammar import attributes_of
from protocol.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from node.vision.types import SeenPicture

LOADING = "loading the picture model"
PAINTING = "loading the picture model and painting"


app = options.group()


@options.command(app, "models", "captioner", "me", "place")
def caption(
    settings: Settings,
    image: Annotated[list[Path], typer.Argument(help="The pictures to describe.")],
    json: options.Summary = False,
) -> None:
    """Say what pictures show."""
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


async def describe(settings: Settings, paths: Sequence[Path], json: bool) -> bool:
    """Print what each picture shows."""
    identity = Identity(settings.me, settings.place)
    shown = [(path, await awaited(images.MAX_WAIT, f"the picture {str(path)!r}", _opener(path))) for path in paths]
    described = []
    with progress.waiting(LOADING):
        async with build.worker(settings, build.SEND) as models:
            for path, image in shown:
                described.append(description(path, await models.see(image), identity))
    for line in dict.fromkeys((*identity.remarks, *filter(None, (one.pop("remark") for one in described)))):
        remark(line)
    if json:
        say(as_json(described[0] if len(described) == 1 else {"pictures": described}))
    else:
        say(*(_line(one, alone=len(described) == 1) for one in described))
    return True


def description(path: Path, seen: SeenPicture, identity: Identity) -> dict[str, Any]:
    """Return what a picture shows, for programs: words, the attributes in them, and what perception found."""
    words, observation = seen.words, seen.observation
    if observation is not None:
        words = wording.words(situation_of(observation), identity.description, identity.place)
    return {
        "picture": str(path),
        "caption": words,
        "attributes": attributes_of(words),
        "observation": None if observation is None else to_plain(observation),
        "remark": seen.remark,
    }


def _opener(path: Path) -> Callable[[], Image.Image]:
    return lambda: images.open_small(path)


def _line(described: dict[str, Any], alone: bool) -> str:
    words = described["caption"] or "(nothing in it has a name)"
    return words if alone else f"{described['picture']}: {words}"


async def paint(settings: Settings, text: str, output: Path, seed: int) -> bool:
    """Paint the text into the file."""
    await asyncio.to_thread(_check_picture, output)
    with progress.waiting(PAINTING):
        async with build.worker(settings, build.RECEIVE) as models:
            image = await models.paint(text, seed)
    try:
        await asyncio.to_thread(image.save, output)
    except OSError as error:
        raise unwritable(output, error, "picture") from None
    generator = presets.chosen_models(settings).generator
    if presets.recipe(generator).grammar is not None and (line := how_painted(text)):
        remark(line)
    remark(await asyncio.to_thread(wrote, output))
    return True


def _check_picture(output: Path) -> None:
    """NodeError before the models are loaded for nothing."""
    from PIL import Image

    if Image.registered_extensions().get(output.suffix.lower()) not in Image.SAVE:
        raise NodeError(f"no picture format is called {output.suffix!r}; end the name {output.name!r} in .png or .jpg")
    check_writable(output, "picture", "cat.png")
