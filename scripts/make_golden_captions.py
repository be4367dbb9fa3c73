#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the newest caption codec's golden vectors: captions and the bytes that every program must make of them.

    .venv/bin/python scripts/make_golden_captions.py [FILE]      (default: tests/data/golden_captions_N.json)

To be run once for every codebook that ships, and never because a test fails. The captions are our own, of every kind,
and those of drawn scenes; some are coded against an earlier one. Those of earlier codecs stay as they are: the scenes
in `tests/data/golden_captions.json`, of codec 2, were drawn by a smaller world.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from node.captions.coder import shipped_codecs
from node.vision.scenes import caption, sample

CODECS = shipped_codecs()
NEWEST = CODECS.newest()
CODEC = CODECS.models[NEWEST]

FILE = Path(__file__).parents[1] / "tests" / "data" / f"golden_captions_{NEWEST}.json"
CAPTIONS = 200
FIRST_SEED = 50_000_000  # of the scenes: far from those that are trained on

PHOTOGRAPHS = (
    "A cat sitting on top of a wooden bench",
    "a small dog is asleep under the kitchen table",
    "a woman waits for the tram in the rain",
    "two boys play with a kite near the lighthouse",
    "A red bus stands in front of an old church.",
    "the waiter carries three plates of pasta",
    "a bowl of soup next to a slice of bread",
    "an old man reads his newspaper on the train",
    "A yellow bicycle leans on a garden fence.",
    "people are walking over a bridge at night",
    "a white horse looks over a stone wall",
    "a group of nurses drinking coffee in a corridor",
    "A laptop, a lamp and a cup of tea on a desk.",
    "several boats in a harbour below a castle",
    "a child in a green coat holds a balloon",
    "a plane flies low over the beach",
    "a tray of pastries with powdered sugar",
    "a giraffe eats from the top of a tree",
    "a snowboarder falls into deep snow",
    "a bathroom with blue tiles and a round mirror",
    "A goat on a roof.",
    "a goat on a roof",
    "a train",
    "a",
)
WEB = (
    "actor attends the premiere of his new film",
    "illustration of a seamless pattern with small anchors",
    "vector icon of a paper plane on a white background",
    "the old town seen from the river at dawn",
    "how to knit a scarf : step by step",
    "black and white portrait of a violinist",
    "football player celebrates the winning goal",
    "aerial view of terraced rice fields",
    "a shelf full of hand - made soap",
    "politician speaks during a press conference",
    "close up of frost on a window",
    "best places to see the northern lights",
    "wooden texture , may use as background",
    "sketch of an elephant with a party hat",
)
CAPITALS = (
    "Anna and Piotr at the Charles Bridge in Prague",
    "NO PARKING",
    "An iPhone on a MacBook Pro",
    "View of Mount Etna, Sicily",
    "a man in a NASA t-shirt",
    "STOP sign at 5th Avenue.",
    "Mr. McAllister meets Dr. O'Neill",
    "a Cat and a Dog",
    "The Quick Brown Fox Jumps Over The Lazy Dog",
    "eBay, AbCdE and xYz",
    "WORLD CUP 2026: England vs. Ghana",
    "A",
    "A.",
    "a4 Paper",
)
SIGNS = (
    "3 cats, 12 dogs & 1 parrot",
    "call 555-0199 now!",
    "a clock that shows 10:45",
    "is this a zebra? yes, it is...",
    'a sign that says "open"',
    "50% off -- today only",
    "route 66 (arizona)",
    "x = y^2 + 3*z / 7",
    "user_name@example.org #wow",
    "...",
    ".",
    " ",
    "  two  spaces  ",
    "a tab\tand\r\na line",
    "null\0byte and \x1b[1mbold\x7f",
)
UNKNOWN = (
    "a zorblax in a flimmering quandle",
    "the llanfairpwllgwyngyll railway station",
    "a capybara named snuffkins",
    "photobombing axolotl",
    "qwrtzp",
    "a schnitzel with spätzle",
    "café crème à la carte",
)
SCRIPTS = (
    "قطة نائمة على مقعد",
    "кошка спит на скамейке",
    "猫がベンチで寝ている",
    "מבט על הים",
    "Ein Mädchen füttert Gänse",
    "una niña pequeña en la playa",
    "a cat 😀 on a bench 🪑",
    "👩‍👩‍👧‍👦",
    "🇪🇺 flag",
    "e\u0301te\u0301 and \u0301\u0308 alone",
    "ÅNGSTRÖM",
    "a right-to-left \u202emark",
    "\ufeffbyte order mark",
    "𝒻𝒶𝓃𝒸𝓎",
)
EARLIER = (
    ("a cat sitting on a bench", "a cat sitting on a bench"),
    ("a cat sitting on a bench", "a dog sitting on a bench"),
    ("a cat sitting on a bench", "a cat sleeping on a bench"),
    ("A Cat on a Bench", "A Cat on a Bench"),
    ("A Cat on a Bench", "A Dog on a Bench"),
    ("a woman waits for the tram in the rain", "a woman in a red coat waits for the tram in the rain"),
    ("a woman waits for the tram in the rain", "two women wait for a bus in the snow"),
    ("a woman waits for the tram in the rain.", "A woman waits for the tram in the rain"),
    ("a zorblax on a table", "a quandle on a table"),
    ("", "a cat"),
    ("a cat", ""),
    ("", ""),
    ("a cat on a bench", "قطة"),
)


def pairs() -> list[tuple[str | None, str]]:
    """Earlier caption, if any, and caption."""
    own = [*PHOTOGRAPHS, *WEB, *CAPITALS, *SIGNS, *UNKNOWN, *SCRIPTS]
    alone: list[tuple[str | None, str]] = [(None, text) for text in own]
    scenes = CAPTIONS - len(alone) - len(EARLIER)
    drawn = [(None, caption(sample(FIRST_SEED + number))) for number in range(scenes)]
    return [*alone, *EARLIER, *drawn]


def entry(earlier: str | None, text: str) -> dict[str, str | None]:
    told: dict[str, str | None] = {} if earlier is None else {"earlier": earlier}
    return {**told, "text": text, "hex": CODEC.encode(text, earlier)[0].hex()}


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    path.parent.mkdir(exist_ok=True)
    book = CODEC.identity()
    lines = ",\n".join(json.dumps(entry(*pair)) for pair in pairs())
    path.write_text(f'{{"codebook": [{book.id}, "{book.hash.hex()}"], "captions": [\n{lines}\n]}}\n', "utf-8")
    print(f"{path}: {len(pairs())} captions, codebook {book.id}, {book.hash.hex()}")


if __name__ == "__main__":
    main()
