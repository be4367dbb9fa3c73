#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the codebook of drawn scenes, which builds on the one that ships: half a minute of one core, no network.

To be run when the drawn world has grown. The file is OUT/scenes.codebook. OUT/aside-scene.txt are scenes of which none
was trained on, OUT/aside-people.txt what webcams give (a person described once, whose picture supplies the rest), both
for `pictophone codec bench`; the bits that they are worth are printed (`scene_entropy`).

    scripts/codebook_scenes.py --out training
"""

from __future__ import annotations

import argparse
import random
import statistics
from importlib.resources import files
from itertools import count, islice
from pathlib import Path
from typing import Any

import codebook_contexts
import msgpack
import scene_entropy
from codebook_data import UNSEEN_FROM
from codebook_export import Mixed, extension, sources, whole

from node.captions.coder import CODEBOOK, SCENES
from node.vision.scenes import Scene, caption, held_out, sample
from node.vision.scenes.world import Action, Cloth, Garment, Hair, HairColour, Hat, Light, Person, Place, Who
from protocol.captions.codebook import MAGIC, Codebook
from protocol.captions.gru import PLAIN
from protocol.captions.mixture import TRUST_BITS
from protocol.captions.tokens import END, parse

NUMBER = 2  # of the codebook: another one for every file that ships
TRAINED_ON = 25_000  # scenes, of every combination of attributes: what no picture model saw is as likely as the rest
ASIDE = 1000
LONGEST_CONTEXT = 7  # tokens: from "and a beard" back to who has it

# Of all captions, those of the world. They pay -log2 of it; the others, what is missing from the four fifths of codec 2
# for them.
PRIOR = 0.32
# Of its chances, left to the words that people write: a word that the world lacks is then no 32 bits.
OTHER_WORDS = 0.0015
COCO = 0  # of the n-gram models: captions that people wrote
WRITTEN = (0.995, 0.001, 0.001, 0.001, 0.001, 0.001)  # of the styles

# What people say of themselves once, and what a webcam shows of them.
DESCRIBED = (
    (Who.WOMAN, Hair.LONG, HairColour.BLACK, True, False),
    (Who.MAN, Hair.SHORT, HairColour.BROWN, False, True),
    (Who.MAN, Hair.BALD, HairColour.BLACK, True, False),
    (Who.PERSON, Hair.CURLY, HairColour.RED, False, False),
    (Who.WOMAN, Hair.TIED, HairColour.BLOND, False, False),
    (Who.PERSON, Hair.UNSAID, HairColour.BLACK, True, False),
)
GARMENTS = (Garment.SHIRT, Garment.TSHIRT, Garment.HOODIE, Garment.JACKET)
PLACES = (Place.OFFICE, Place.KITCHEN, Place.LIVING_ROOM, Place.ROOM, Place.PLAIN)


def unseen(number: int) -> list[Scene]:
    """Scenes far from those that are trained on, of combinations of attributes that no picture model has seen."""
    return list(islice(filter(held_out, map(sample, count(UNSEEN_FROM))), number))


def webcams(number: int, seed: int) -> list[Scene]:
    """What webcams give: a few people at home or at work, in daylight, anything worn and done."""
    rng = random.Random(seed)
    people = (
        Person(
            *rng.choice(DESCRIBED), Hat.NONE, rng.choice(GARMENTS), rng.choice(list(Cloth)), rng.choice(list(Action))
        )
        for _ in range(number)
    )
    return [Scene(person, rng.choice(PLACES), Light.DAY) for person in people]


def lacking(lines: list[tuple[str, ...]], book: Codebook) -> list[tuple[int, str]]:
    """The tokens that the codebook would have to spell, in the places of its rarest words."""
    tokens = sorted({token for line in lines for token in line} - book.symbols.keys())
    return [(book.tokens - 1 - index, token) for index, token in enumerate(tokens)]


def mixed(upon: list[list[Any]], counted: int, way: int) -> list[list[Any]]:
    """The sources that people's captions have, less trusted at first, and the world's.

    The last of those is the network's for an earlier world.
    """
    shares = {counted: 1 - OTHER_WORDS, COCO: OTHER_WORDS}
    [scene] = sources([Mixed(1.0, 0, PLAIN, 0.0, shares, WRITTEN)], [way])
    others = upon[:-1]
    told = sum(source[0] for source in others)
    priors = whole([PRIOR, *((1 - PRIOR) * source[0] / told for source in others)], 1 << TRUST_BITS)
    return [[prior, *source[1:]] for prior, source in zip(priors, [scene, *others], strict=True)]


def write_aside(path: Path, scenes: list[Scene]) -> None:
    path.write_text("".join(f"{caption(scene)}\n" for scene in scenes), encoding="utf-8")
    worth = statistics.mean(map(scene_entropy.bits_of, scenes))
    print(f"{path}: {len(scenes)} captions, which the world draws with {worth:.2f} bits on average")


def make(out: Path) -> None:
    file = files("protocol.captions").joinpath(CODEBOOK).read_bytes()
    book = Codebook.read(file)
    lines = [parse(caption(scene)).tokens for scene in map(sample, range(TRAINED_ON))]
    words = lacking(lines, book)
    symbols = book.symbols | {token: symbol for symbol, token in words}
    tables = codebook_contexts.train(
        ([*map(symbols.__getitem__, line), END] for line in lines), book.tokens, LONGEST_CONTEXT
    )
    upon = msgpack.unpackb(file[len(MAGIC) :])["sources"]
    told = mixed(upon, len(book.counted), book.sources[0].way)
    path = out / SCENES
    path.write_bytes(extension(NUMBER, book.identity, words, [tables], told))
    print(f"{path}: {path.stat().st_size / 1e3:.1f} kB, {len(words)} words that were lacking")
    write_aside(out / "aside-scene.txt", unseen(ASIDE))
    write_aside(out / "aside-people.txt", webcams(ASIDE, seed=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("training"), help="where the files go")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    make(arguments.out)


if __name__ == "__main__":
    main()
