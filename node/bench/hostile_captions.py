"""Captions that take a decoder as long as it can be made to take, of all that fit into a frame."""

from __future__ import annotations

import random
from collections.abc import Iterator

from protocol.captions.codebook import Codebook
from protocol.captions.model_codec import MAX_SPELLED, MAX_TOKENS, ModelCodec
from protocol.captions.tokens import Style
from protocol.frames import MAX_CAPTION_BYTES

RARE_WORDS = 5000  # at the end of the codebook's list
CHOICE = 30  # words among which the most expensive next one is looked for
TEXTS = 8  # more tokens than the codec keeps points of: one sent again finds nothing kept of itself


def hostile_texts(codec: ModelCodec, tokens: int, seed: int = 1) -> dict[str, str]:
    """Texts of at most so many tokens by what is dear about each; every seed makes others."""
    rng = random.Random(seed)
    rare = [word for word in codec.model().words[-RARE_WORDS:] if word.startswith(" ")]
    letters = "".join(rng.choices("etaoinshr", k=MAX_SPELLED))
    texts = {
        "one word, over and over": " cat" * tokens,
        "one rare word, over and over": rng.choice(rare) * tokens,
        "rare words": "".join(rng.choices(rare, k=tokens)),
        "rare words that fit any kind of caption": "".join(_expensive(codec.model(), rng, rare, tokens)),
        "signs that no word has": "\u00e9" * tokens,
        "capitals here and there": " CaT" * tokens,
        "words of any letters": " ".join(letters[begin : begin + 60] for begin in range(0, 240, 60)),
    }
    return {name: text.strip() for name, text in texts.items()}


def worst_captions(codec: ModelCodec) -> list[bytes]:
    """Captions of rare words, coded by codec 2: the dearest of those that `scripts/bench_codec_speed.py` lists.

    Takes a second. Raises ValueError if one does not fit into a frame.
    """
    coded = [codec.encode(hostile_texts(codec, MAX_TOKENS, seed)["rare words"])[0] for seed in range(TEXTS)]
    if max(map(len, coded)) > MAX_CAPTION_BYTES:
        raise ValueError("the longest captions fit into no frame")
    return coded


def _expensive(book: Codebook, rng: random.Random, rare: list[str], tokens: int) -> Iterator[str]:
    """Rare words after which the most kinds of caption are in play: each takes a decoder a network of its own."""
    point = book.beginning.after_style(Style.SMALL)
    for _ in range(tokens):
        choice = rng.sample(rare, min(CHOICE, tokens))
        follows = {word: point.after(book.symbol_of(word)) for word in choice}
        word = max(choice, key=lambda word: len(follows[word].ways))
        point = follows[word]
        yield word
