"""Turns what is seen, snapshot by snapshot, into words that change only when the scene does.

A drawing's words are held by `drawn`, a photo's made of the situation that `watcher` holds and of who was said to be
there. What shows nothing, or has no name, gives no words: the last picture stays. So does an empty room's, once its
words were sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from node.vision.people import wording
from node.vision.people.drawn import DrawnWatcher
from node.vision.people.identity import Identity
from node.vision.people.watcher import PeopleWatcher

if TYPE_CHECKING:
    from node.vision.people.situation import Situation
    from node.vision.perception.observation import Observation
    from node.vision.types import SeenPicture

# Before a real camera the next look is this long after the last one, in seconds, though the picture hardly changed: a
# smile and closed eyes are small.
LOOK_AGAIN_S = 2.0

# What a real camera shows: a photo, or one of a place with nobody in it.
Sight: TypeAlias = Literal["photo", "nobody"]

SAY_WHO = 'the others see "a person": say who you are by --me "a woman with long black hair and glasses"'
SHOWS_NOTHING = "the camera shows nothing, it is dark or covered: the others keep the last picture"


class Narrator:
    """The words of a camera's pictures, for one camera.

    `hears_voice` says whether the microphone hears a voice now; None if there is none, or it is muted.
    """

    def __init__(self, identity: Identity | None = None, hears_voice: Callable[[], bool | None] = lambda: None) -> None:
        self.identity = identity or Identity()
        self._hears_voice = hears_voice
        self._people, self._drawn = PeopleWatcher(), DrawnWatcher()
        self._situation: Situation | None = None
        self._real = False
        self._version = self.identity.version
        self._looked_at = float("-inf")

    @property
    def sees_real_pictures(self) -> bool:
        """Whether the last picture was a photo."""
        return self._real

    @property
    def sight(self) -> Sight | None:
        """What the camera shows, if it is a real one; None of drawings, and until that is known."""
        if not self._real:
            return None
        now = self._situation
        return "photo" if now is None or now.people or now.creature is not None else "nobody"

    def wants(self, now: float) -> bool:
        """Return whether the next snapshot is wanted even if the picture hardly changed."""
        if not self._real:
            return self._drawn.pending
        again = self._people.pending or now - self._looked_at >= LOOK_AGAIN_S
        return again or self.identity.version != self._version

    def remarks(self, seen: SeenPicture) -> list[str]:
        """Return lines for the user about a snapshot, each to be shown once in a call."""
        lines = [seen.remark] if seen.remark else []
        if seen.observation is not None and seen.observation.people and not self.identity.text:
            lines.append(SAY_WHO)
        if seen.observation is not None and seen.observation.blind:
            lines.append(SHOWS_NOTHING)
        return lines

    def words(self, seen: SeenPicture, now: float) -> str:
        """Take one snapshot, and return the words that hold; empty as long as there are none."""
        self._looked_at, self._version = now, self.identity.version
        self._real = seen.observation is not None
        if seen.observation is None:
            return self._drawn.update(seen.words, now)
        return self._words_of_people(seen.observation, now)

    def _words_of_people(self, observation: Observation, now: float) -> str:
        situation = self._people.update(observation, now, self._hears_voice())
        self._situation = situation
        if situation is None:
            return ""
        return wording.words(situation, self.identity.description, self.identity.place)
