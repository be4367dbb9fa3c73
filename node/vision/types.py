"""What a picture is painted from, and the painted picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.perception.observation import Observation


class Prompt(NamedTuple):
    """The words, the seed (0 to 2**64 - 1) and, where there is one, the look (see `protocol.look`)."""

    text: str
    seed: int
    look: bytes = b""


@dataclass(frozen=True, slots=True)
class PaintedPicture:
    """A picture that was painted from what a peer sent in the frame of this sequence number."""

    peer: str
    sequence: int
    caption: str
    seed: int
    image: Image.Image
    look: bytes = b""


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """What the captioner made of one snapshot, by itself.

    `words` are empty if nothing can be said. `observation` is what perception found in a photo, None in a drawing;
    `likeness` are the five numbers read of a drawing beside its words, from 0 to 1, None if there are none. `remark` is
    a line for the user, to be shown once.
    """

    words: str
    observation: Observation | None = None
    likeness: tuple[float, ...] | None = None
    remark: str = ""
