"""The commands `models list`, `models fetch` and `models bench`: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from node.common.output import say

app = typer.Typer(help="List, fetch and measure picture models.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_models() -> None:
    """List the presets and say which of their models are on this machine."""
    from node.commands import shelf

    for line in shelf.lines():
        say(line)


@app.command()
def fetch(preset: Annotated[str, typer.Argument(help="The preset whose models to download.")]) -> None:
    """Download the models of a preset."""
    from node.commands import shelf

    shelf.fetch(preset)


@app.command()
def bench(
    models: Annotated[str | None, typer.Option(help="The preset to measure.")] = None,
    captioner: Annotated[str | None, typer.Option(help="Another model that captions: a folder or a hub id.")] = None,
    generator: Annotated[str | None, typer.Option(help="Another model that paints: a folder or a hub id.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many scenes to measure on.")] = 100,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed from which unseen scenes are looked for.")] = None,
    deadlines: Annotated[
        float, typer.Option(min=0, metavar="MINUTES", help="Then call so long beside the models at full speed.")
    ] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Measure a preset on drawn scenes that no training ever saw."""
    from node.commands import shelf
    from node.common import config, signals

    settings = config.load(models=models, captioner=captioner, generator=generator)
    signals.run(shelf.bench(settings, count, seed, deadlines, json))
