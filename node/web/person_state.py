"""Who is in the call, and the pictures of each, as the page shows them."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.vision.rgb import BITS_PER_PIXEL
from node.web.live_rates import LiveRates

if TYPE_CHECKING:
    from PIL import Image

MAX_PICTURES = 60
"""A person's film strip: five to ten minutes of a lively call, and some 600 kB."""

MAX_COMING = 4
"""Words of which one may still be painted: the node paints one and lets one wait."""

MAX_HISTORY = 60
"""A minute of meters, read once a second: what the page plots, also after a reload."""


@dataclass(slots=True)
class PictureEntry:
    """One picture in the film strip. `url` is the painted one, `snapshot` what the sender's camera saw."""

    sequence: int
    words: str
    at: float
    bits: int
    bytes: int
    wire_bytes: int
    size: tuple[int, int] | None = None
    url: str | None = None
    snapshot: str | None = None

    @property
    def raw_bits(self) -> int:
        """What the picture takes as bare pixels; 0 while its size is not known."""
        return 0 if self.size is None else self.size[0] * self.size[1] * BITS_PER_PIXEL

    def told(self) -> dict[str, Any]:
        """As docs/web-api.md has it."""
        width, height = self.size or (None, None)
        return {
            "sequence": self.sequence,
            "words": self.words,
            "at": self.at,
            "bits": self.bits,
            "bytes": self.bytes,
            "wire_bytes": self.wire_bytes,
            "ratio": round(self.raw_bits / self.bits) if self.raw_bits and self.bits else None,
            "width": width,
            "height": height,
            "url": self.url,
            "snapshot": self.snapshot,
        }


@dataclass(slots=True)
class PersonState:
    """Somebody in the call; `you` is the node itself.

    `coming` are words that are not painted yet, and may never be when newer ones came. `image` is what was painted
    last, `image_url` where it is once it is encoded, and `screen` the URL of what is to be seen of him now, which
    `screen_is_newest` or on the way to it.
    """

    id: str
    meters: LiveRates
    name: str = ""
    you: bool = False
    here: bool = True
    speaks: bool = False
    shows: bool = False
    link: str = "none"
    coming: OrderedDict[int, PictureEntry] = field(default_factory=OrderedDict)
    screen: str | None = None
    screen_is_newest: bool = False
    image: Image.Image | None = None
    image_url: str | None = None
    pictures: OrderedDict[int, PictureEntry] = field(default_factory=OrderedDict)
    history: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_HISTORY))

    def expect(self, shown: PictureEntry) -> None:
        """Words came that are to be painted."""
        self.coming[shown.sequence] = shown
        while len(self.coming) > MAX_COMING:
            self.coming.popitem(last=False)

    def keep(self, shown: PictureEntry) -> list[PictureEntry]:
        """Put a picture into the strip; return those that fell out of it."""
        self.pictures[shown.sequence] = shown
        fallen = []
        while len(self.pictures) > MAX_PICTURES:
            fallen.append(self.pictures.popitem(last=False)[1])
        return fallen

    def told(self) -> dict[str, Any]:
        """Without pictures, meters and history."""
        coming = next(reversed(self.coming.values()), None)
        return {
            "id": self.id,
            "name": self.name,
            "you": self.you,
            "here": self.here,
            "speaks": self.speaks,
            "shows": self.shows,
            "link": self.link,
            "painting": None
            if coming is None
            else {"sequence": coming.sequence, "words": coming.words, "since": coming.at},
            "screen": self.screen,
        }

    def told_wholly(self, now: float) -> dict[str, Any]:
        """With all there is."""
        pictures = [shown.told() for shown in self.pictures.values()]
        return self.told() | {
            "pictures": pictures,
            "meters": self.meters.read(now),
            "history": list(self.history),
        }

    def measure(self, now: float) -> dict[str, Any]:
        """Read the meters, and remember what they say."""
        read = self.meters.read(now)
        self.history.append(read)
        return read
