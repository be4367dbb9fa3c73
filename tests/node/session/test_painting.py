"""Pictures that were painted a moment ago; what the painter shows and when is in test_player.py."""

from __future__ import annotations

from PIL import Image

from node.session.painting import remembering
from node.vision.prompt import Prompt


async def test_what_was_painted_lately_is_not_painted_again() -> None:
    painted: list[str] = []

    async def paint(sender: str, prompt: Prompt) -> Image.Image:
        painted.append(prompt.text)
        return Image.new("RGB", (4, 4))

    again = remembering(paint, most=2)
    first = await again("a", Prompt("a cat", 1))
    assert await again("b", Prompt("a cat", 1)) is first
    await again("a", Prompt("a cat", 2))
    await again("a", Prompt("a cat", 1))
    await again("a", Prompt("a dog", 1))
    await again("a", Prompt("a cat", 1))
    await again("a", Prompt("a cat", 2))
    assert painted == ["a cat", "a cat", "a dog", "a cat"]
