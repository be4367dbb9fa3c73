"""The commands `codec encode|decode|bench|compare`: what each takes. Imports what it runs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Code captions, and measure the codecs.", no_args_is_help=True, rich_markup_mode=None)

Text = Annotated[str, typer.Argument(help="The caption.", show_default=False)]
After = Annotated[
    str | None, typer.Option(help="An earlier caption, known to both ends, that a codec with a model codes against.")
]
Codec = Annotated[int | None, typer.Option(help="The codec's number; by default the newest that loses nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def encode(text: Text, after: After = None, codec: Codec = None, json: Json = False) -> None:
    """Code a caption: print its bytes in hexadecimal, and what it costs."""
    from node.captions.coder import shipped_codecs
    from node.commands import one

    one.encode(shipped_codecs(), text, after, codec, json)


@app.command()
def decode(
    coded: Annotated[str, typer.Argument(metavar="HEX", help="The coded caption.", show_default=False)],
    after: After = None,
    codec: Codec = None,
) -> None:
    """Decode a caption."""
    from node.captions.coder import shipped_codecs
    from node.commands import one

    one.decode(shipped_codecs(), coded, after, codec)


@app.command()
def bench(
    file: Annotated[Path, typer.Argument(help="A text file with a caption on each line.")],
    context: Annotated[bool, typer.Option("--context", help="Code each line against the line before it.")] = False,
    codec: Codec = None,
    json: Json = False,
) -> None:
    """Code every line of a file, check that each comes back, and print what it costs."""
    from node.bench.captions import measure
    from node.captions.coder import shipped_codecs

    if not measure.run(shipped_codecs(), file, codec, context, json):
        raise typer.Exit(1)


@app.command()
def compare(
    given: Annotated[str, typer.Argument(metavar="TEXT|FILE", help="A caption, or a text file of them, one a line.")],
    train: Annotated[
        Path | None, typer.Option(help="Text that zstd and PPMd learn from; by default captions of drawn scenes.")
    ] = None,
    json: Json = False,
) -> None:
    """Set other compressors beside the codecs (pip install 'pictophone[baselines]')."""
    from node.bench.captions import comparison
    from node.captions.coder import shipped_codecs

    comparison.run(shipped_codecs(), given, train, json)
