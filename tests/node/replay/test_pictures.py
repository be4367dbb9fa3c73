"""Pictures that were painted a moment ago; what the painter shows and when is in test_player.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image
from sessions import picture

from node.captions.coder import shipped_codecs
from node.replay.pictures import PictureReader, cached
from node.vision.types import Prompt
from protocol import frames


async def test_what_was_painted_lately_is_not_painted_again() -> None:
    painted: list[str] = []

    async def paint(sender: str, prompt: Prompt) -> Image.Image:
        painted.append(prompt.text)
        return Image.new("RGB", (4, 4))

    again = cached(paint, most=2)
    first = await again("a", Prompt("a cat", 1))
    assert await again("b", Prompt("a cat", 1)) is first
    await again("a", Prompt("a cat", 2))
    await again("a", Prompt("a cat", 1))
    await again("a", Prompt("a dog", 1))
    await again("a", Prompt("a cat", 1))
    await again("a", Prompt("a cat", 2))
    assert painted == ["a cat", "a cat", "a dog", "a cat"]


@pytest.mark.parametrize("words", ["x" * 60_000, "語" * 60_000, "a cat"])
def test_no_more_words_than_a_frame_carries(words: str) -> None:
    recorded = PictureReader(shipped_codecs(), (), lambda text: None).read(
        replace(picture("b", 0, "a cat"), caption=words)
    )
    assert recorded is not None
    assert words.startswith(recorded.prompt.text)
    assert frames.encode(replace(recorded.picture, caption=recorded.prompt.text.encode()))
