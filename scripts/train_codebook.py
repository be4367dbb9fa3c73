#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Train the caption codec's codebook: from captions to the file that ships.

A recurrent network, n-grams of tokens and n-grams of the signs that words are made of, mixed as `SOURCES` says: see
`protocol.captions.mixture`. The network takes nearly all of the time; its checkpoint is kept in OUT, and a run that was
broken off goes on from there.

    scripts/train_codebook.py FOLDER --dictionary /usr/share/dict/american-english --minutes 70 --out training

FOLDER holds coco_train.txt, coco_dev.txt and gcc_train.txt, a caption a line; captions of drawn scenes are made here.
The dictionary is that of Debian's package wamerican.
The file is OUT/captions.codebook; OUT/aside-KIND.txt are the lines that nothing was trained on, for `codec bench`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import codebook_data
import codebook_export
import codebook_gru
import codebook_ngrams
import torch
from codebook_data import Texts
from codebook_export import Mixed
from train_common import Budget, Run

NUMBER = 1  # of the codebook: another one for every file that ships
ORDER = 4
LEAST = {"coco": (1, 1, 2), "web": (1, 1, 2)}  # counts from which n-grams of 2, 3 and 4 tokens are kept
SPELLING_ORDER = 6
COCO, WEB, SCENE = range(3)
PLAIN = 8  # sharpness, in eighths
# What the styles of a source are: small letters, with a stop; a sentence, with a stop; mixed, with a stop.
WRITTEN = (0.96, 0.004, 0.009, 0.024, 0.002, 0.001)
# Chosen by hand for the lines kept aside: each kind pays for what makes the others cheaper.
SOURCES = (
    Mixed(0.50, COCO, PLAIN, 0.86, {0: 0.14}, WRITTEN),
    Mixed(0.19, COCO, 11, 1.0, {}, WRITTEN),  # captioning models say what is likely more often than people
    Mixed(0.13, WEB, PLAIN, 0.6, {0: 0.1, 1: 0.3}, (0.89, 0.01, 0.03, 0.03, 0.03, 0.01)),
    Mixed(0.18, SCENE, PLAIN, 1.0, {}, (0.995, 0.001, 0.001, 0.001, 0.001, 0.001)),
)


def network(arguments: argparse.Namespace, texts: dict[str, Texts], words: list[str]) -> codebook_gru.Recurrent:
    """The trained network: the mean of its last weights."""
    model = codebook_gru.Recurrent(len(words) + 2)
    parts = codebook_gru.parts(model)
    run = Run(arguments.out / "network.pt", Budget(arguments.steps, arguments.minutes), parts)
    lines = {kind: codebook_data.symbols(text.lines, words) for kind, text in texts.items()}
    codebook_gru.optimise(run, model, lines, arguments.seed)
    model.load_state_dict(parts["average"].values)
    return model


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    texts = codebook_data.read(arguments.folder, arguments.seed)
    words = codebook_data.vocabulary(texts)
    model = network(arguments, texts, words)
    for kind, text in texts.items():
        lines = codebook_data.symbols(text.aside, words)
        print(f"{kind}: the network alone takes {codebook_gru.bits_a_line(model, lines, kind):.2f} bits a line")
        aside = "".join(f"{''.join(line)[1:]}\n" for line in text.aside)
        (arguments.out / f"aside-{kind}.txt").write_text(aside, encoding="utf-8")
    counted = [
        codebook_ngrams.train(codebook_data.symbols(texts[kind].lines, words), len(words) + 2, ORDER, least)
        for kind, least in LEAST.items()
    ]
    signs = len(codebook_data.SIGNS) + codebook_data.BEFORE_SIGNS
    spelling = codebook_ngrams.train(
        codebook_data.spellings(texts, arguments.dictionary), signs, SPELLING_ORDER, (1,) * (SPELLING_ORDER - 1)
    )
    file = codebook_export.codebook(
        NUMBER,
        words,
        codebook_data.SIGNS,
        codebook_export.quantised(model.state_dict()),
        counted,
        spelling,
        codebook_export.sources(SOURCES, [model.tokens + place for place in range(3)]),
    )
    path = arguments.out / "captions.codebook"
    path.write_bytes(file)
    print(f"{path}: {len(file) / 1e6:.2f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the captions are")
    parser.add_argument("--dictionary", type=Path, help="a word a line: unknown words will look like these, too")
    parser.add_argument("--out", type=Path, default=Path("training"), help="checkpoint and result")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
