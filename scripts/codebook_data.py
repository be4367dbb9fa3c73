"""What the codebook learns from: captions that people wrote (COCO), web alternative texts (GCC), drawn scenes.

A share of the web texts is kept aside for measuring, as are the scenes whose combination of attributes no model
is trained on. Every line is taken as its tokens: capitals and the full stop are no matter of the language model.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from node.vision.scenes import caption, held_out, sample
from protocol.captions.tokens import END, FAR, NEAR, UNKNOWN, parse

Tokens = tuple[str, ...]

WEB_ASIDE = 600  # lines of the web texts that are never trained on
SCENES = 20_000
UNSEEN_FROM = 10_000_000
LEAST_COCO = 2  # a word that one line alone has is spelled; web texts are few, and scenes have few words


@dataclass(frozen=True)
class Texts:
    """One kind of text: what is trained on, and what is kept aside."""

    lines: list[Tokens]
    aside: list[Tokens]


def read(folder: Path, seed: int) -> dict[str, Texts]:
    """The texts by kind. `folder` holds coco_train.txt, coco_dev.txt and gcc_train.txt."""
    web = _lines(folder / "gcc_train.txt")
    random.Random(seed).shuffle(web)
    return {
        "coco": Texts(_lines(folder / "coco_train.txt"), _lines(folder / "coco_dev.txt")),
        "web": Texts(web[WEB_ASIDE:], web[:WEB_ASIDE]),
        "scene": Texts(_scenes(0, SCENES, unseen=False), _scenes(UNSEEN_FROM, 500, unseen=True)),
    }


def _lines(path: Path) -> list[Tokens]:
    with path.open(encoding="utf-8") as file:
        return [parse(line.strip()).tokens for line in file]


def _scenes(first: int, number: int, *, unseen: bool) -> list[Tokens]:
    scenes = (scene for scene in map(sample, count(first)) if held_out(scene) is unseen)
    return [parse(caption(scene)).tokens for scene in islice(scenes, number)]


def vocabulary(texts: dict[str, Texts]) -> list[str]:
    """The words that have a symbol of their own, the likeliest first."""
    counts = {kind: Counter(token for line in text.lines for token in line) for kind, text in texts.items()}
    coco, web, scene = counts["coco"], counts["web"], counts["scene"]
    weight = Counter({token: coco[token] + 3 * web[token] + scene[token] for token in coco + web + scene})
    kept = [token for token in weight if coco[token] >= LEAST_COCO or web[token] or scene[token]]
    return sorted(kept, key=lambda token: (-weight[token], token))


def symbols(lines: list[Tokens], words: list[str]) -> list[list[int]]:
    """The lines as symbols, each with its end."""
    ids = {word: index + UNKNOWN + 1 for index, word in enumerate(words)}
    return [[*(ids.get(token, UNKNOWN) for token in line), END] for line in lines]


SIGNS = "".join(chr(code) for code in range(0x20, 0x7F) if not "A" <= chr(code) <= "Z")
BEFORE_SIGNS = FAR + 1


TIMES_READ = 2  # what a word of the captions counts beside one of the dictionary


def spellings(texts: dict[str, Texts], dictionary: Path | None) -> list[list[int]]:
    """Every word that was read, and those of the dictionary, as symbols of signs: what unknown words look like."""
    tokens = sorted({token for text in texts.values() for line in text.lines for token in line}) * TIMES_READ
    if dictionary is not None:
        lines = dictionary.read_text(encoding="utf-8").lower().splitlines()
        tokens += sorted({f" {word}" for word in lines if word.isascii() and word.isalpha()})
    ids = {sign: index + BEFORE_SIGNS for index, sign in enumerate(SIGNS)}
    return [[*(ids.get(sign, FAR if ord(sign) >= 0x800 else NEAR) for sign in token), END] for token in tokens]
