"""The commands `codec encode` and `codec decode`: one caption."""

from __future__ import annotations

from node.bench.captions.measure import chosen_codec
from node.common.output import deliver, say
from node.terminal.summary import as_json
from protocol.captions import registry
from protocol.errors import UsageError


def encode(text: str, after: str | None, codec: int | None, json: bool) -> None:
    """Prints the coded caption, and what it costs. Raises UsageError for a codec that there is not."""
    coded = registry.encode(text, chosen_codec(codec), after)
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
    say(f"codec  {coded.codec} ({registry.name(coded.codec)})")


def decode(coded: str, after: str | None, codec: int | None) -> None:
    """Prints the caption. Raises UsageError for what is no hexadecimal, CaptionError for what is no caption."""
    number = chosen_codec(codec)
    try:
        data = bytes.fromhex(coded)
    except ValueError:
        raise UsageError(f"{coded!r} is no hexadecimal: give what `codec encode` prints after hex") from None
    deliver(registry.decode(number, data, after))
