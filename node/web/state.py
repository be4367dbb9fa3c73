"""Everything the page shows, and the stream of events that carries each change of it to browsers."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from node.vision.stats import RAW_BITS
from node.web.chat_texts import ChatTexts
from node.web.event_stream import EventStream
from node.web.live_rates import REFERENCE, LiveRates
from node.web.person_state import OwnState, PersonState, PictureEntry
from node.web.picture_cache import PictureCache, PictureEncoder

if TYPE_CHECKING:
    from PIL import Image

    from node.web.audience_page import ShownStanding
    from node.web.invitation import Invitation
    from node.web.metrics import TimedModels

# People shown. More than that, and those that left are removed; the call itself stays small.
MAX_PEOPLE = 16
MAX_NOTES = 20
# Characters of a note: an error may quote what the network sent.
MAX_NOTE = 500

Json: TypeAlias = dict[str, Any]


def _no_replay() -> Json | None:
    return None


@dataclass
class PageState:
    """The state of one page. `lines` is how many audio m-lines a browser should offer, `replay` returns a recording's
    position. Where the call `morphs`, `set_screen` says what is shown of a person; else it is the newest picture.

    Every change is sent to `events` at once, except the live rates, which `send_rates` sends. `clock` is monotonic and
    measures durations, `wall` is Unix time.
    """

    kind: str
    lines: int
    morphs: bool = False
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    replay: Callable[[], Json | None] = _no_replay
    pictures: PictureCache = field(default_factory=PictureCache)
    people: dict[str, PersonState] = field(default_factory=dict)
    own: OwnState | None = None
    texts: ChatTexts | None = None
    invitation: Invitation | None = None
    audience: ShownStanding | None = None
    broker: str | None = None
    timed: TimedModels | None = None
    _sent_replay: Json | None = None
    _notes: deque[Json] = field(default_factory=lambda: deque(maxlen=MAX_NOTES))
    _snapshots: dict[tuple[str, int], tuple[str, tuple[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.events = EventStream(secrets.token_hex(4), self.to_json)
        self.encoder = PictureEncoder(self.pictures)
        self._started = self.wall()

    def use_clocks(self, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        """Use these clocks from now on: those of a recording, which stop while it is paused."""
        self.clock, self.wall = clock, wall
        self._started = wall()

    def to_json(self) -> Json:
        """Return the complete state as docs/web-api.md specifies it."""
        now = self.clock()
        state: Json = {
            "run": self.events.run,
            "kind": self.kind,
            "now": self.wall(),
            "started": self._started,
            "reference": REFERENCE,
            "sound": {"lines": self.lines},
            "broker": self.broker,
            "you": self.own_json(),
            "people": [person.to_full_json(now) for person in self.people.values()],
            "notes": list(self._notes),
            "models": self.timed and self.timed.share_on_the_way,
            "replay": self.replay(),
        }
        shown = {"texts": self.texts, "invitation": self.invitation, "audience": self.audience}
        state |= {key: part.to_json() for key, part in shown.items() if part is not None}
        return state

    def own_json(self) -> Json | None:
        """Return what the browser takes part as, as docs/web-api.md specifies it; None where it only watches."""
        return None if self.own is None else self.own.to_json()

    # -- people

    def person(self, id: str) -> PersonState:
        """Return a person, added if not known yet."""
        if id not in self.people:
            self._make_room()
            self.people[id] = PersonState(id, LiveRates(self.clock()))
        return self.people[id]

    def joined(self, id: str, name: str, speaks: bool, shows: bool, you: bool = False) -> None:
        """Show a person as present. One that comes back begins with an empty film strip."""
        person = self.person(id)
        if not person.present:
            self._clear_pictures(person)
        person.come(name or id, speaks, shows, you)
        self._send_person(person)

    def left(self, id: str) -> None:
        """Show a person as gone, still with all pictures."""
        person = self.people.get(id)
        if person is not None:
            person.present, person.link = False, "none"  # what it sent last may still be painted, and says its cost
            self._send_person(person)

    def set_facts(self, id: str, **facts: str | bool | None) -> None:
        """Set what is known of a person: `link`, `route`, `missing`, `broker`, `floor` (see `PersonState`)."""
        person = self.people.get(id)
        if person is not None and person.present and person.learn(**facts):
            self._send_person(person)

    def send_rates(self) -> None:
        """Sample and send the live rates of every person."""
        now = self.clock()
        people = {person.id: person.sample_rates(now) for person in self.people.values()}
        models = self.timed and self.timed.share_on_the_way
        self.events.send("meters", {"at": self.wall(), "people": people, "models": models})

    # -- pictures

    def caption_received(self, id: str, entry: PictureEntry) -> None:
        """Show a caption that is to be painted."""
        person = self.person(id)
        if entry.sequence not in person.pictures and entry.sequence not in person.pending:
            person.add_pending(entry)
            self._send_person(person)

    def caption_sent(self, id: str, entry: PictureEntry) -> None:
        """Add a picture that is not painted here, such as one of the node's own."""
        person = self.person(id)
        person.rates.add_picture(RAW_BITS, entry.bits)
        self._add_picture(person, entry)

    def painted(self, id: str, sequence: int, words: str, image: Image.Image) -> None:
        """Add the picture painted from a caption."""
        person = self.person(id)
        entry = (
            person.pending.get(sequence)
            or person.pictures.get(sequence)
            or PictureEntry(sequence, words, self.wall(), bits=0, bytes=0, wire_bytes=0)
        )
        entry.size = image.size
        person.rates.add_picture(RAW_BITS, entry.bits)

        person.image, person.image_url = image, None

        def on_encoded(url: str) -> None:
            entry.url = url
            person.image_url = url if person.image is image else None
            for earlier in [each for each in person.pending if each <= sequence]:
                del person.pending[earlier]
            self._add_picture(person, entry)
            self._send_person(person)
            if person.image_url is not None and (not self.morphs or person.screen_is_newest):
                self._set_screen_url(person, url)

        person.screen_is_newest = False
        self.encoder.encode(image, on_encoded)

    def painted_here(self, id: str, sequence: int, image: Image.Image) -> None:
        """Add what the peers see of a picture of the node's own, painted from the words that were sent."""
        person = self.person(id)

        def on_encoded(url: str) -> None:
            entry = person.pictures.get(sequence)
            if entry is None:
                self.pictures.drop(url)
                return
            entry.url = url
            self._send_picture(person, entry)

        self.encoder.encode(image, on_encoded)

    def set_screen(self, id: str, image: Image.Image) -> None:
        """Show an image of a person: the picture painted last, or an intermediate one on the way to it.

        Intermediate ones are skipped while anything waits to be encoded.
        """
        person = self.person(id)
        person.screen_is_newest = image is person.image
        if not person.screen_is_newest:
            if not self.encoder.waiting:
                self.encoder.encode(image, lambda url: self._set_screen_url(person, url))
        elif person.image_url is not None:
            self._set_screen_url(person, person.image_url)

    def add_snapshot(self, id: str, sequence: int, image: Image.Image) -> None:
        """Add the photo that a picture's caption describes; the picture may be added before or after it."""
        person = self.person(id)

        def on_encoded(url: str) -> None:
            entry = person.pictures.get(sequence)
            if entry is not None:
                self._attach_snapshot(entry, url, image.size)
                self._send_picture(person, entry)
                return
            self._snapshots[id, sequence] = (url, image.size)
            while len(self._snapshots) > MAX_PEOPLE:
                self.pictures.drop(self._snapshots.pop(next(iter(self._snapshots)))[0])

        self.encoder.encode(image, on_encoded)

    def clear(self) -> None:
        """Remove all pictures, live rates and the people who left: a recording was sought."""
        self.encoder.cancel()
        while self._snapshots:
            self.pictures.drop(self._snapshots.popitem()[1][0])
        for person in list(self.people.values()):
            if person.present:
                self._clear_pictures(person)
                person.rates = LiveRates(self.clock())
            else:
                self._remove(person)
        self.events.send("cleared", {})

    def note(self, text: str) -> None:
        """Add a note for the user."""
        line = {"at": self.wall(), "text": text[:MAX_NOTE]}
        self._notes.append(line)
        self.events.send("note", line)

    def send_own(self) -> None:
        """Send what the browser takes part as, which changed."""
        self.events.send("you", {"you": self.own_json()})

    def set_broker(self, broker: str) -> None:
        """Set whether the broker is "up" or "down"."""
        if broker != self.broker:
            self.broker = broker
            self.events.send("broker", {"broker": broker})

    def send_replay(self) -> None:
        """Send the recording's position, if it changed."""
        if (now := self.replay()) != self._sent_replay:
            self._sent_replay = now
            self.events.send("replay", {"replay": now})

    def _add_picture(self, person: PersonState, entry: PictureEntry) -> None:
        if (found := self._snapshots.pop((person.id, entry.sequence), None)) is not None:
            self._attach_snapshot(entry, *found)
        for dropped in person.add_picture(entry):
            self._drop(dropped)
        self._send_picture(person, entry)

    def _set_screen_url(self, person: PersonState, url: str | None) -> None:
        if person.screen not in {entry.url for entry in person.pictures.values()}:
            self.pictures.drop(person.screen)
        person.screen = url
        self.events.send("screen", {"person": person.id, "url": url})

    def _attach_snapshot(self, entry: PictureEntry, url: str, size: tuple[int, int]) -> None:
        entry.snapshot = url
        entry.size = entry.size or size

    def _send_person(self, person: PersonState) -> None:
        self.events.send("person", person.to_json())

    def _send_picture(self, person: PersonState, entry: PictureEntry) -> None:
        self.events.send("picture", {"person": person.id, "picture": entry.to_json()})

    def _clear_pictures(self, person: PersonState) -> None:
        for entry in person.pictures.values():
            self._drop(entry)
        person.pictures.clear()
        person.pending.clear()
        person.screen = person.image = person.image_url = None

    def _drop(self, entry: PictureEntry) -> None:
        self.pictures.drop(entry.url)
        self.pictures.drop(entry.snapshot)

    def _make_room(self) -> None:
        gone = [person for person in self.people.values() if not person.present]
        if len(self.people) >= MAX_PEOPLE and gone:
            self._remove(gone[0])

    def _remove(self, person: PersonState) -> None:
        self._clear_pictures(person)
        del self.people[person.id]
        self.events.send("gone", {"person": person.id})
