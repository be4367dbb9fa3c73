"""The commands `speech …`, and the speech options of a call: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List and measure ways to send speech.", no_args_is_help=True, rich_markup_mode=None)

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
    from node.speech import listing

    listing.show(json)
