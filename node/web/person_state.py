"""One person in the call, as the page shows them: name, link, film strip and live rates; and what is the page's own."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from node.vision.stats import RAW_BITS
from node.web.live_rates import LiveRates

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.people.narrator import Sight

# Pictures in a film strip: five to ten minutes of a lively call, and some 600 kB.
MAX_PICTURES = 60
# Captions that may still be painted: the node paints one and queues one.
MAX_PENDING = 4
# Readings of the live rates, one a second: the minute that the page plots, also after a reload.
MAX_HISTORY = 60


@dataclass(slots=True)
class OwnState:
    """The person that a browser takes part as, and what it may do and does. Field names are keys of docs/web-api.md."""

    person: str
    name: str
    muted: bool = False
    camera_on: bool = True
    may_speak: bool = False
    may_show: bool = False
    speaking: bool = False
    showing: bool = False
    me: str | None = None
    sight: Sight | None = None
    floor: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as docs/web-api.md specifies it."""
        return asdict(self)


@dataclass(slots=True)
class PictureEntry:
    """One picture in the film strip. `url` is the painted one, `snapshot` the sender's photo, `at` is in Unix time."""

    sequence: int
    words: str
    at: float
    bits: int
    bytes: int
    wire_bytes: int
    size: tuple[int, int] | None = None
    url: str | None = None
    snapshot: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the picture as docs/web-api.md specifies it."""
        width, height = self.size or (None, None)
        return {
            "sequence": self.sequence,
            "words": self.words,
            "at": self.at,
            "bits": self.bits if self.wire_bytes else None,
            "bytes": self.bytes or None,
            "wire_bytes": self.wire_bytes or None,
            "ratio": ratio_to(self.bits),
            "wire_ratio": ratio_to(8 * self.wire_bytes),
            "width": width,
            "height": height,
            "url": self.url,
            "snapshot": self.snapshot,
        }


def ratio_to(bits: int) -> int | None:
    """Return the ratio of a raw picture to these bits; None where there are none, or more than of raw pixels."""
    return round(RAW_BITS / bits) if 0 < bits <= RAW_BITS else None


@dataclass(slots=True)
class PersonState:
    """One person in the call; `you` marks the node itself, `present` is False after it left.

    `pending` are captions not painted yet, which never will be if newer ones replace them. `image` is the picture
    painted last and `image_url` its URL once it is encoded. `screen` is the URL of what is shown now, which is either
    that picture (`screen_is_newest`) or an intermediate one on the way to it. `missing` is why there is no speech link,
    once that was noted, and `broker` is False while this person is here by speech alone. `floor` is of who may speak.
    """

    id: str
    rates: LiveRates
    name: str = ""
    you: bool = False
    present: bool = True
    speaks: bool = False
    shows: bool = False
    link: str = "none"
    route: str = "none"
    missing: str | None = None
    broker: bool = True
    floor: bool = False
    pending: OrderedDict[int, PictureEntry] = field(default_factory=OrderedDict)
    screen: str | None = None
    screen_is_newest: bool = False
    image: Image.Image | None = None
    image_url: str | None = None
    pictures: OrderedDict[int, PictureEntry] = field(default_factory=OrderedDict)
    history: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_HISTORY))

    def come(self, name: str, speaks: bool, shows: bool, you: bool) -> None:
        """Be present from now on."""
        self.name, self.speaks, self.shows, self.you, self.present = name, speaks, shows, you, True
        self.missing, self.broker, self.floor = None, True, False

    def learn(self, **facts: str | bool | None) -> bool:
        """Set these attributes; return whether any changed."""
        changed = {name: value for name, value in facts.items() if getattr(self, name) != value}
        for name, value in changed.items():
            setattr(self, name, value)
        return bool(changed)

    def add_pending(self, entry: PictureEntry) -> None:
        """Add a caption that is to be painted."""
        self.pending[entry.sequence] = entry
        while len(self.pending) > MAX_PENDING:
            self.pending.popitem(last=False)

    def add_picture(self, entry: PictureEntry) -> list[PictureEntry]:
        """Add a picture to the film strip; return those that dropped out of it."""
        self.pictures[entry.sequence] = entry
        dropped = []
        while len(self.pictures) > MAX_PICTURES:
            dropped.append(self.pictures.popitem(last=False)[1])
        return dropped

    def sample_rates(self, now: float) -> dict[str, Any]:
        """Read the live rates, and append them to the history."""
        reading = self.rates.read(now)
        self.history.append(reading)
        return reading

    def to_json(self) -> dict[str, Any]:
        """Return the person as docs/web-api.md specifies it, without pictures, meters and history."""
        newest = next(reversed(self.pending.values()), None) if self.present else None
        return {
            "id": self.id,
            "name": self.name,
            "you": self.you,
            "here": self.present,
            "speaks": self.speaks,
            "shows": self.shows,
            "link": self.link,
            "route": self.route if self.present else "none",
            "missing": self.missing if self.present else None,
            "broker": self.broker,
            "floor": self.present and self.floor,
            "painting": None
            if newest is None
            else {"sequence": newest.sequence, "words": newest.words, "since": newest.at},
            "screen": self.screen,
        }

    def to_full_json(self, now: float) -> dict[str, Any]:
        """Return the person as docs/web-api.md specifies it in the complete state."""
        return self.to_json() | {
            "pictures": [entry.to_json() for entry in self.pictures.values()],
            "meters": self.rates.read(now),
            "history": list(self.history),
        }
