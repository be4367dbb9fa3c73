"""The commands of `codec`: code a caption, and measure the codecs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from node.bench.captions import comparison, measure
from node.bench.captions.measure import chosen_codec
from node.captions.coder import shipped_codecs
from node.commands import options
from node.common.output import deliver, say
from node.terminal.summary import as_json
from protocol.errors import UsageError

app = options.group("Code captions, and measure the codecs.")

Text = Annotated[str, typer.Argument(help="The caption.", show_default=False)]
After = Annotated[
    str | None, typer.Option(help="An earlier caption, known to both ends, that a codec with a model codes against.")
]
Codec = Annotated[int | None, typer.Option(help="The codec's number; by default the newest that loses nothing.")]


@options.command(app)
def encode(text: Text, after: After = None, codec: Codec = None, json: options.Json = False) -> None:
    """Code a caption: print its bytes in hexadecimal, and what it costs."""
    codecs = shipped_codecs()
    coded = codecs.encode(text, chosen_codec(codecs, codec), after)
    figures = {
        "codec": coded.codec,
        "hex": coded.data.hex(),
        "ideal_bits": round(coded.ideal_bits, 3),
        "bits": coded.bits,
        "bytes": len(coded.data),
    }
    if json:
        say(as_json(figures))
        return
    say(f"hex    {coded.data.hex()}")
    say(f"bits   {coded.ideal_bits:.2f} exact (-log2 of the probability), {coded.bits} coded")
    say(f"bytes  {len(coded.data)}")
    say(f"codec  {coded.codec} ({codecs.name(coded.codec)})")


@options.command(app)
def decode(
    coded: Annotated[str, typer.Argument(metavar="HEX", help="The coded caption.", show_default=False)],
    after: After = None,
    codec: Codec = None,
) -> None:
    """Decode a caption."""
    codecs = shipped_codecs()
    number = chosen_codec(codecs, codec)
    try:
        data = bytes.fromhex(coded)
    except ValueError:
        raise UsageError(f"{coded!r} is no hexadecimal: give what `codec encode` prints after hex") from None
    deliver(codecs.decode(number, data, after))


@options.command(app)
def bench(
    file: Annotated[Path, typer.Argument(help="A text file with a caption on each line.")],
    context: Annotated[bool, typer.Option("--context", help="Code each line against the line before it.")] = False,
    codec: Codec = None,
    json: options.Json = False,
) -> None:
    """Code every line of a file, check that each comes back, and print what it costs."""
    if not measure.run(shipped_codecs(), file, codec, context, json):
        raise typer.Exit(1)


@options.command(app)
def compare(
    given: Annotated[str, typer.Argument(metavar="TEXT|FILE", help="A caption, or a text file of them, one a line.")],
    train: Annotated[
        Path | None, typer.Option(help="Text that zstd and PPMd learn from; by default captions of drawn scenes.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Set other compressors beside the codecs (pip install 'pictophone[baselines]')."""
    comparison.run(shipped_codecs(), given, train, json)
