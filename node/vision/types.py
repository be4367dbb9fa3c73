"""What a picture is painted from."""

from __future__ import annotations

from typing import NamedTuple


class Prompt(NamedTuple):
    """The words, the seed (0 to 2**64 - 1) and, where there is one, the look (see `protocol.look`)."""

    text: str
    seed: int
    look: bytes = b""
