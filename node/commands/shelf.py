"""What the `models` commands do: say what is on this machine, fetch what is not, measure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from node.call import build
from node.common import progress
from node.common.output import say
from node.terminal.summary import as_json
from node.vision import hub
from node.vision.loading import quieten
from node.vision.presets import PRESETS, preset

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import Progress, TaskID

    from node.common.config import Settings


def lines() -> Iterator[str]:
    """Every preset with its models: where each lies and how large it is, or how to get it."""
    quieten()
    for each in PRESETS.values():
        yield f"{each.name}: {each.about}"
        for model_ref in hub.preset_models(each):
            folder = hub.local_folder(model_ref.model)
            here = f"not here: pictophone models fetch {each.name}" if folder is None else _megabytes(folder)
            yield f"  {model_ref.role:12} {model_ref.model}  ({here})"


def _megabytes(folder: Path) -> str:
    return f"here, {hub.folder_size(folder) / 1e6:,.1f} MB"


def fetch(name: str) -> None:
    """Downloads what the preset lacks, with a bar for each model. Raises NodeError like `hub.fetch`."""
    from rich.progress import DownloadColumn

    quieten()
    missing = [model_ref for model_ref in hub.preset_models(preset(name)) if hub.local_folder(model_ref.model) is None]
    with progress.bars(DownloadColumn()) as bars:
        for model_ref in missing:
            bar = bars.add_task(f"{model_ref.role} {model_ref.model}", total=None)
            hub.download(model_ref, partial(_advance, bars, bar))
    say(f"the models of {name} are here")


def _advance(bars: Progress, bar: TaskID, done: int, total: int) -> None:
    bars.update(bar, completed=done, total=total)


async def bench(settings: Settings, count: int, seed: int | None, deadlines: float, json: bool) -> None:
    """Measures and prints the figures, at the end those of a call of ``deadlines`` minutes (0: none) beside the models
    at full speed. Raises NodeError when a model cannot be loaded or fails.
    """
    from node.bench import deadlines as speech
    from node.bench.models import evaluate as bench
    from node.bench.models.scores import for_people

    first_seed = bench.FIRST_SEED if seed is None else seed
    with progress.bars() as bars:
        bar = bars.add_task("scenes", total=count)
        figures = await bench.run(build.chosen_models(settings), count, first_seed, lambda: bars.advance(bar))
    lines = for_people(figures)
    if deadlines:
        figures["speech"] = await speech.run(settings, deadlines, quiet=True)
        lines += speech.for_people(figures["speech"])
    say(*([as_json(figures)] if json else lines))
