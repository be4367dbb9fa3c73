"""The commands of `speech`: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Speech settings: measure them, and find your own.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def sweep(
    recordings: Annotated[list[Path], typer.Argument(metavar="WAV...", help="Recordings of speech.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a page with every setting to listen to.")
    ] = None,
    loss: Annotated[float, typer.Option(min=0, max=50, help="Percent of the packets to lose.")] = 0.0,
    max_kbps: Annotated[float, typer.Option(min=1, help="What the recommended setting may cost on the wire.")] = 16.0,
    max_packet: Annotated[
        float, typer.Option(min=20, max=120, help="Ms of sound that its packets may hold: less is less delay.")
    ] = 120.0,
    codec: Annotated[
        list[str] | None, typer.Option(help="Only this codec: opus, lyra, speex, amr or codec2. May be repeated.")
    ] = None,
    lyra: Annotated[Path | None, typer.Option(help="Folder with Lyra V2's model files.")] = None,
    visqol: Annotated[bool, typer.Option("--visqol", help="Measure ViSQOL too: 3 s a setting.")] = False,
    article: Annotated[bool, typer.Option("--article", help="The article's settings, and which claims hold.")] = False,
    json: Json = False,
) -> None:
    """Code a recording with every sensible setting: what each costs, how it sounds, which to take."""
    from node.sweep import run
    from node.sweep.sweep import Asked

    asked = Asked(recordings, loss, max_kbps, max_packet, lyra, visqol, article)
    run.run(asked, output, json, codec or ())
