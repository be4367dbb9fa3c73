"""The commands `speech …`, and the speech options of a call: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List and measure ways to send speech.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def profiles(json: Json = False) -> None:
    """List the speech profiles and what each costs."""
    from node.speech import listing

    listing.show(json)
