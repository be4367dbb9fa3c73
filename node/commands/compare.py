"""The command `compare`: caption and paint pictures, and set their words beside their files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.bench.pictures import encodings, experiment, report
from node.bench.pictures.experiment import Article, PictureResult
from node.call import build
from node.captions.coder import shipped_codecs
from node.commands import options
from node.common import progress
from node.common.config import Settings
from node.common.files import check_writable, write_text, wrote
from node.common.output import remark, say
from node.common.own_thread import awaited
from node.terminal.summary import as_json
from node.vision.formats import heic
from node.vision.images import MAX_WAIT, open_small
from node.vision.worker import Worker
from protocol.errors import UsageError

if TYPE_CHECKING:
    from PIL import Image

SEED = 0

# Of a picture that is opened, in pixels: its shorter side is then no less than the larger square that is measured, of
# 1,024, if it is no panorama.
LONGEST_SIDE = 4_096

app = options.group()


@options.command(app, "output", "article", "models", "captioner", "generator")
def compare(
    settings: Settings,
    images: Annotated[list[Path] | None, typer.Argument(metavar="IMAGE", help="Pictures to send every way.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a page with all pictures to FILE.")
    ] = None,
    article: Annotated[bool, typer.Option("--article", help="Redo the article's own sentence.")] = False,
    json: options.Summary = False,
) -> None:
    """Set a picture's words beside its files: bits and ratio of each."""
    options.run(run(settings, images or [], output, article, json))


async def run(settings: Settings, paths: Sequence[Path], output: Path | None, with_article: bool, json: bool) -> bool:
    """Read, caption, paint and measure the pictures, and show the results.

    The generator is loaded for a page only, which shows what it paints. Raises UsageError when there is nothing to do;
    NodeError for a file or a model that cannot be had.
    """
    if not paths and not with_article:
        raise UsageError("nothing to compare: give a picture, or --article")
    images = [await _opened(path) for path in paths]
    if output is not None:
        await asyncio.to_thread(check_writable, output, "page", "report.html")
    results, done = await _experiment(settings, [path.name for path in paths], images, output is not None, with_article)
    if output is not None:
        await asyncio.to_thread(write_text, output, report.page(results, done, encodings.missing()), "page")
    if json:
        of_article = {} if done is None else {"article": experiment.article_as_dict(done)}
        say(as_json({"pictures": [experiment.as_dict(each) for each in results], **of_article}))
    else:
        report.show(results, done)
    _remark(results, encodings.missing())
    if output is not None:
        remark(await asyncio.to_thread(wrote, output))
    return True


async def _opened(path: Path) -> Image.Image:
    return await awaited(MAX_WAIT, f"the picture {str(path)!r}", lambda: open_small(path, LONGEST_SIDE))


async def _experiment(
    settings: Settings, names: Sequence[str], images: Sequence[Image.Image], paints: bool, with_article: bool
) -> tuple[list[PictureResult], Article | None]:
    if not images and not paints:
        return [], experiment.measure_article(shipped_codecs())
    with progress.bars() as bars:
        bar = bars.add_task("loading the models", total=None)
        async with build.worker(settings, build.Role(sends=bool(images), receives=paints)) as models:
            await models.ready()
            bars.update(bar, description="pictures", total=len(images) + with_article, completed=0)
            done = None
            if with_article:
                sentence = await _painted(models, experiment.SENTENCE, paints)
                done = experiment.measure_article(shipped_codecs(), sentence)
            bars.advance(bar, with_article)
            results = []
            for name, image in zip(names, images, strict=True):
                seen = await models.see(image)
                painted = await _painted(models, seen.words, paints and bool(seen.words))
                picture = (shipped_codecs(), name, image, seen.words, painted, bool(seen.words))
                results.append(await asyncio.to_thread(experiment.measure_picture, *picture))
                bars.advance(bar)
    return results, done


async def _painted(models: Worker, text: str, paints: bool) -> Image.Image | None:
    return await models.paint(text, SEED) if paints else None


def _remark(results: Sequence[PictureResult], missing: Sequence[str]) -> None:
    """Note formats that cannot be written here, and pictures of which nothing can be said."""
    if results and missing:
        cure = "" if heic.installed() else " (for HEIC: pip install 'pictophone[heic]')"
        remark(f"this Pillow cannot write {', '.join(missing)}: those rows are missing{cure}")
    for result in results:
        if not result.known:
            remark(f"nothing in {result.name!r} has a name: its words are empty")
