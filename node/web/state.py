"""All that the page shows, and what changes about it: the state, and the feed that tells of it."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.web.event_stream import EventStream
from node.web.live_rates import VIDEO_KBPS, VIDEO_SOURCE, VIDEO_WHAT, LiveRates
from node.web.person_state import PersonState, PictureEntry
from node.web.picture_cache import PictureCache, PictureEncoder

if TYPE_CHECKING:
    from PIL import Image

MAX_PEOPLE = 16
"""Who is gone is forgotten when there are more; the call itself stays small."""

MAX_NOTES = 20
MAX_NOTE = 500
"""Characters of a line: an error may quote what the network sent."""

Told = dict[str, Any]


@dataclass(slots=True)
class OwnState:
    """Whom a browser takes part as, and what of it."""

    person: str
    name: str
    muted: bool = False
    camera_on: bool = True
    may_speak: bool = False
    may_show: bool = False
    speaking: bool = False
    showing: bool = False


def _nothing() -> Told | None:
    return None


@dataclass
class PageState:
    """The state of one page. `lines` are the m-lines worth offering, `replay` reads a recording's position. Where the
    call `morphs`, `screen` says what is to be seen of a person; else it is the newest picture.

    Every change is told to the feed at once, except the meters, which `tick` tells. `clock` is monotonic and measures,
    `wall` is what people read.
    """

    kind: str
    lines: int
    morphs: bool = False
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    replay: Callable[[], Told | None] = _nothing
    album: PictureCache = field(default_factory=PictureCache)
    people: dict[str, PersonState] = field(default_factory=dict)
    you: OwnState | None = None
    broker: str | None = None
    problem: str = ""
    _told_replay: Told | None = None
    _notes: deque[Told] = field(default_factory=lambda: deque(maxlen=MAX_NOTES))
    _snapshots: dict[tuple[str, int], tuple[str, tuple[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.feed = EventStream(secrets.token_hex(4), self.state)
        self.darkroom = PictureEncoder(self.album)
        self._started = self.wall()

    def keep_time(self, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        """From now on these clocks hold: a recording has its own time, which stands still when it does."""
        self.clock, self.wall = clock, wall
        self._started = wall()

    def state(self) -> Told:
        """Return everything, as docs/web-api.md has it."""
        now = self.clock()
        return {
            "run": self.feed.run,
            "kind": self.kind,
            "now": self.wall(),
            "started": self._started,
            "reference": {"video_kbps": VIDEO_KBPS, "what": VIDEO_WHAT, "source": VIDEO_SOURCE},
            "sound": {"lines": self.lines},
            "broker": self.broker,
            "you": self.told_you(),
            "people": [person.told_wholly(now) for person in self.people.values()],
            "notes": list(self._notes),
            "replay": self.replay(),
        }

    def tick(self) -> None:
        """Tell the meters of everybody."""
        now = self.clock()
        people = {person.id: person.measure(now) for person in self.people.values()}
        self.feed.tell("meters", {"at": self.wall(), "people": people})

    # -- people

    def person(self, person: str) -> PersonState:
        """Return somebody, who is added if nobody has heard of him."""
        if person not in self.people:
            self._make_room()
            self.people[person] = PersonState(person, LiveRates(self.clock()))
        return self.people[person]

    def came(self, id: str, name: str, speaks: bool, shows: bool, you: bool = False) -> None:
        """Somebody is here, or is so anew: whose pictures begin anew as well."""
        person = self.person(id)
        if not person.here:
            self._forget_pictures(person)
        person.name, person.speaks, person.shows, person.you, person.here = name or id, speaks, shows, you, True
        self._tell_person(person)

    def left(self, id: str) -> None:
        """Somebody is gone; his pictures are still to be seen."""
        person = self.people.get(id)
        if person is not None:
            person.here, person.link = False, "none"
            person.coming.clear()
            self._tell_person(person)

    def linked(self, id: str, link: str) -> None:
        """The link that carries somebody's speech is in this state."""
        person = self.people.get(id)
        if person is not None and person.here and person.link != link:
            person.link = link
            self._tell_person(person)

    # -- pictures

    def comes(self, id: str, shown: PictureEntry) -> None:
        """Somebody's words came, and are to be painted."""
        person = self.person(id)
        if shown.sequence not in person.pictures and shown.sequence not in person.coming:
            person.expect(shown)
            self._tell_person(person)

    def painted(self, id: str, sequence: int, words: str, image: Image.Image) -> None:
        """Somebody's words became a picture."""
        person = self.person(id)
        shown = (
            person.coming.get(sequence)
            or person.pictures.get(sequence)
            or PictureEntry(sequence, words, self.wall(), 0, 0, 0)
        )
        shown.size = image.size
        person.meters.picture(shown.raw_bits, shown.bits)

        person.image, person.image_url = image, None

        def developed(url: str) -> None:
            shown.url = url
            person.image_url = url if person.image is image else None
            for earlier in [each for each in person.coming if each <= sequence]:
                del person.coming[earlier]
            self._keep(person, shown)
            self._tell_person(person)
            if person.image_url is not None and (not self.morphs or person.screen_is_newest):
                self._show(person, url)

        person.screen_is_newest = False
        self.darkroom.develop(image, developed)

    def screen(self, id: str, image: Image.Image) -> None:
        """This is to be seen of somebody now: the picture that was painted last, or one on the way to it.

        When too much waits to be encoded, those on the way are left out.
        """
        person = self.person(id)
        person.screen_is_newest = image is person.image
        if not person.screen_is_newest:
            if not self.darkroom.waiting:
                self.darkroom.develop(image, lambda url: self._show(person, url))
        elif person.image_url is not None:
            self._show(person, person.image_url)

    def _show(self, person: PersonState, url: str | None) -> None:
        if person.screen not in {shown.url for shown in person.pictures.values()}:
            self.album.drop(person.screen)
        person.screen = url
        self.feed.tell("screen", {"person": person.id, "url": url})

    def snapped(self, id: str, sequence: int, image: Image.Image) -> None:
        """This is what somebody's camera saw for a picture, which may be shown already or not yet."""
        person = self.person(id)

        def developed(url: str) -> None:
            shown = person.pictures.get(sequence)
            if shown is not None:
                self._with_snapshot(shown, url, image.size)
                self._tell_picture(person, shown)
                return
            self._snapshots[id, sequence] = (url, image.size)
            while len(self._snapshots) > MAX_PEOPLE:
                self.album.drop(self._snapshots.pop(next(iter(self._snapshots)))[0])

        self.darkroom.develop(image, developed)

    def said(self, id: str, shown: PictureEntry) -> None:
        """You sent these words: a picture that nobody here paints."""
        person = self.person(id)
        person.meters.picture(shown.raw_bits, shown.bits)
        self._keep(person, shown)

    def clear(self) -> None:
        """Forget all pictures, who is gone, and what was measured: a recording went elsewhere."""
        self.darkroom.forget()
        while self._snapshots:
            self.album.drop(self._snapshots.popitem()[1][0])
        for person in list(self.people.values()):
            if person.here:
                self._forget_pictures(person)
                person.meters = LiveRates(self.clock())
            else:
                self._remove(person)
        self.feed.tell("cleared", {})

    # -- the rest

    def note(self, text: str) -> None:
        """Something happened that a person should know."""
        line = {"at": self.wall(), "text": text[:MAX_NOTE]}
        self._notes.append(line)
        self.feed.tell("note", line)

    def tell_you(self) -> None:
        """What you may or do has changed."""
        self.feed.tell("you", {"you": self.told_you()})

    def tell_broker(self, broker: str) -> None:
        """The broker went or came."""
        if broker != self.broker:
            self.broker = broker
            self.feed.tell("broker", {"broker": broker})

    def tell_replay(self) -> None:
        """The recording stands elsewhere now, or not at all; nothing is told that is known."""
        if (now := self.replay()) != self._told_replay:
            self._told_replay = now
            self.feed.tell("replay", {"replay": now})

    def told_you(self) -> Told | None:
        """Return who you are, as docs/web-api.md has it."""
        you = self.you
        return None if you is None else {name: getattr(you, name) for name in OwnState.__slots__}

    def _keep(self, person: PersonState, shown: PictureEntry) -> None:
        if (found := self._snapshots.pop((person.id, shown.sequence), None)) is not None:
            self._with_snapshot(shown, *found)
        for fallen in person.keep(shown):
            self._drop(fallen)
        self._tell_picture(person, shown)

    def _with_snapshot(self, shown: PictureEntry, url: str, size: tuple[int, int]) -> None:
        shown.snapshot = url
        shown.size = shown.size or size

    def _tell_person(self, person: PersonState) -> None:
        self.feed.tell("person", person.told())

    def _tell_picture(self, person: PersonState, shown: PictureEntry) -> None:
        self.feed.tell("picture", {"person": person.id, "picture": shown.told()})

    def _forget_pictures(self, person: PersonState) -> None:
        for shown in person.pictures.values():
            self._drop(shown)
        person.pictures.clear()
        person.coming.clear()
        person.screen = person.image = person.image_url = None

    def _drop(self, shown: PictureEntry) -> None:
        self.album.drop(shown.url)
        self.album.drop(shown.snapshot)

    def _make_room(self) -> None:
        gone = [person for person in self.people.values() if not person.here]
        if len(self.people) >= MAX_PEOPLE and gone:
            self._remove(gone[0])

    def _remove(self, person: PersonState) -> None:
        self._forget_pictures(person)
        del self.people[person.id]
        self.feed.tell("gone", {"person": person.id})
