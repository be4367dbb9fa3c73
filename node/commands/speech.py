"""The commands of `speech`, and the speech options of a call: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Ways to send speech: list them, measure them, and find your own.", no_args_is_help=True, rich_markup_mode=None
)

Profile = Annotated[str | None, typer.Option(help="How speech is sent: see `speech profiles`; auto follows the link.")]
MaxKbps = Annotated[float | None, typer.Option(help="With --profile auto: the most speech may take on the wire.")]
Bitrate = Annotated[int | None, typer.Option(help="Of Opus, in bit/s.")]
Bandwidth = Annotated[str | None, typer.Option(help="Of Opus: nb, mb or wb; swb and fb carry no more here.")]
Application = Annotated[str | None, typer.Option(help="What Opus is tuned for: voip, audio or lowdelay.")]
Frame = Annotated[int | None, typer.Option(help="Ms an Opus frame lasts: 10, 20, 40 or 60.")]
Bundle = Annotated[int | None, typer.Option(help="Frames a packet, 120 ms in all at most.")]
Vbr = Annotated[bool | None, typer.Option("--vbr/--cbr", help="Variable or constant bitrate.")]
Dtx = Annotated[bool | None, typer.Option("--dtx/--no-dtx", help="Send nothing in silence.")]
Redundancy = Annotated[int | None, typer.Option(help="Packets later that each packet's copy comes: 1, 2; 0: none.")]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def profiles(json: Json = False) -> None:
    """List the speech profiles and what each costs."""
    from node.commands import listing

    listing.show(json)


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
    from node.bench.speech import run
    from node.bench.speech.sweep import SweepOptions

    asked = SweepOptions(recordings, loss, max_kbps, max_packet, lyra, visqol, article)
    run.run(asked, output, json, codec or ())
