"""Captions that take a decoder the longest of all that fit into a frame, and a peer that floods a room with them."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from node.call.membership import RoomMembership
from node.captions.coder import shipped_codecs
from protocol import frames
from protocol.captions.codebook import Codebook
from protocol.captions.model_codec import MAX_SPELLED, MAX_TOKENS, ModelCodec
from protocol.captions.tokens import Style
from protocol.frames import MAX_CAPTION_BYTES
from protocol.signalling import Carries

if TYPE_CHECKING:
    from node.call.endpoints import Rendezvous

logger = logging.getLogger(__name__)

# Pictures: ten times what a camera sends.
A_SECOND = 20.0

# The caption codec with a model, whose captions take longest to read.
MODELLED = 2

# At the end of the codebook's list of words.
RARE_WORDS = 5000
# Words among which the most expensive next one is chosen.
CHOICE = 30
# Together more tokens than the codec retains points of: a text that is sent again finds nothing retained of itself.
TEXTS = 8


class HostilePeer:
    """A member of the room at `place` that sends no speech, and pictures of these captions, of codec 2, without end."""

    def __init__(self, place: Rendezvous, captions: Sequence[bytes]) -> None:
        self.name = "mallory"
        self.sent = 0
        self._room = RoomMembership(self.name, place, Carries.PICTURES_OUT, shipped_codecs(), note=logger.info)
        self._captions = captions

    async def run(self) -> None:
        """Send until cancelled, then say goodbye."""
        await self._room.run({"flood": self._flood})

    async def _flood(self) -> None:
        for self.sent in itertools.count(1):
            caption = self._captions[self.sent % len(self._captions)]
            picture = frames.Picture(self.sent, 0, MODELLED, caption, self.sent % 128)
            self._room.post_picture(frames.encode(picture), retain=True)
            await asyncio.sleep(1 / A_SECOND)


def hostile_texts(codec: ModelCodec, tokens: int, seed: int = 1) -> dict[str, str]:
    """Return texts of at most `tokens` tokens by what makes each expensive; every seed gives others."""
    rng, rare = random.Random(seed), _rare(codec)
    letters = "".join(rng.choices("etaoinshr", k=MAX_SPELLED))
    texts = {
        "one word, over and over": " cat" * tokens,
        "one rare word, over and over": rng.choice(rare) * tokens,
        "rare words": rare_words(codec, tokens, seed),
        "rare words that fit any kind of caption": "".join(_expensive(codec.model(), rng, rare, tokens)),
        "signs that no word has": "\u00e9" * tokens,
        "capitals here and there": " CaT" * tokens,
        "words of any letters": " ".join(letters[begin : begin + 60] for begin in range(0, 240, 60)),
    }
    return {name: text.strip() for name, text in texts.items()}


def rare_words(codec: ModelCodec, tokens: int, seed: int = 1) -> str:
    """Return a text of this many rare words, another with every seed."""
    return "".join(random.Random(seed).choices(_rare(codec), k=tokens)).strip()


def worst_captions(codec: ModelCodec) -> list[bytes]:
    """Return captions of rare words by codec 2, the most expensive that `scripts/bench_codec_speed.py` lists.

    Takes a second. Raises ValueError if one does not fit into a frame.
    """
    coded = [codec.encode(rare_words(codec, MAX_TOKENS, seed))[0] for seed in range(TEXTS)]
    if max(map(len, coded)) > MAX_CAPTION_BYTES:
        raise ValueError("the longest captions fit into no frame")
    return coded


def _rare(codec: ModelCodec) -> list[str]:
    return [word for word in codec.model().words[-RARE_WORDS:] if word.startswith(" ")]


def _expensive(book: Codebook, rng: random.Random, rare: list[str], tokens: int) -> Iterator[str]:
    """Yield rare words after which the most kinds of caption remain possible: each costs a decoder a network."""
    point = book.beginning.after_style(Style.SMALL)
    for _ in range(tokens):
        choice = rng.sample(rare, min(CHOICE, tokens))
        follows = {word: point.after(book.symbol_of(word)) for word in choice}
        word = max(choice, key=lambda word: len(follows[word].ways))
        point = follows[word]
        yield word
