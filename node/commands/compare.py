"""The command `compare`: reads the pictures, has them captioned and painted, measures, and shows what came out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from node.bench.pictures import article, encodings, experiment, report, tables
from node.bench.pictures.article import SENTENCE, Article
from node.bench.pictures.experiment import Result
from node.bench.pictures.ways import SIDES
from node.call import build
from node.commands import picture
from node.common import progress
from node.common.output import remark, say
from node.common.own_thread import awaited
from node.terminal.summary import as_json
from node.vision.formats import heic
from node.vision.images import MAX_WAIT, open_small
from protocol.errors import NodeError, UsageError

if TYPE_CHECKING:
    from PIL import Image

    from node.common.config import Settings
    from node.vision.worker import Worker

SEED = 0

LONGEST_SIDE = 4 * SIDES[-1]
"""Of a picture that is opened: its shorter side is then no less than the larger square, if it is no panorama."""


async def run(settings: Settings, paths: Sequence[Path], output: Path | None, with_article: bool, json: bool) -> bool:
    """Does all of it. The generator is loaded for a page only, which shows what it paints.

    Raises UsageError when there is nothing to do; NodeError for a file or a model that cannot be had.
    """
    if not paths and not with_article:
        raise UsageError("nothing to compare: give a picture, or --article")
    images = [await _opened(path) for path in paths]
    if output is not None:
        await asyncio.to_thread(_check_writable, output)
    results, done = await _experiment(settings, [path.name for path in paths], images, output is not None, with_article)
    if output is not None:
        await asyncio.to_thread(_write, output, report.page(results, done, encodings.missing()))
    if json:
        say(as_json({"pictures": [experiment.as_dict(each) for each in results], **_article_dict(done)}))
    else:
        tables.show(results, done)
    _remark(results)
    return True


async def _opened(path: Path) -> Image.Image:
    return await awaited(MAX_WAIT, f"the picture {str(path)!r}", lambda: open_small(path, LONGEST_SIDE))


def _article_dict(done: Article | None) -> dict[str, object]:
    return {} if done is None else {"article": article.as_dict(done)}


async def _experiment(
    settings: Settings, names: Sequence[str], images: Sequence[Image.Image], paints: bool, with_article: bool
) -> tuple[list[Result], Article | None]:
    if not images and not paints:
        return [], article.article()
    with progress.bars() as bars:
        bar = bars.add_task("loading the models", total=None)
        async with build.worker(settings, build.Role(sends=bool(images), receives=paints)) as models:
            await models.ready()
            bars.update(bar, description="pictures", total=len(images) + with_article, completed=0)
            done = article.article(await _painted(models, SENTENCE, paints)) if with_article else None
            bars.advance(bar, with_article)
            results = []
            for name, image in zip(names, images, strict=True):
                results.append(await _one(settings, models, name, image, paints))
                bars.advance(bar)
    return results, done


async def _one(settings: Settings, models: Worker, name: str, image: Image.Image, paints: bool) -> Result:
    caption = await models.caption(image)
    painted = await _painted(models, caption, paints)
    known = await asyncio.to_thread(picture.captioner_knows, settings, image)
    return await asyncio.to_thread(experiment.measure, name, image, caption, painted, known)


async def _painted(models: Worker, text: str, paints: bool) -> Image.Image | None:
    return await models.paint(text, SEED) if paints else None


def _check_writable(output: Path) -> None:
    """NodeError before the models are loaded for nothing."""
    try:
        if not output.parent.is_dir():
            raise NodeError(f"no folder {str(output.parent)!r} to write {output.name!r} to; make it first")
        if output.is_dir():
            raise NodeError(f"{str(output)!r} is a folder: give the name of a page, like report.html")
    except OSError as error:
        raise _cannot_write(output, error) from None


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _cannot_write(output, error) from None


def _cannot_write(output: Path, error: OSError) -> NodeError:
    return NodeError(f"cannot write the page {str(output)!r}: {error.strerror or error}")


def _remark(results: Sequence[Result]) -> None:
    """Tells of what cannot be written here, and of pictures that the captioner cannot know."""
    from node.vision.presets import NOT_DRAWN

    if results and encodings.missing():
        lacking = ", ".join(encodings.missing())
        remark(f"this Pillow cannot write {lacking}: those rows are missing{_cure()}")
    if not all(result.known for result in results):
        remark(NOT_DRAWN)


def _cure() -> str:
    return "" if heic.installed() else " (for HEIC: pip install 'pictophone[heic]')"
