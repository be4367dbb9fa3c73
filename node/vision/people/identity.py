"""Who sits before the camera, and where: said once in words, never guessed.

What is not understood is named with the nearest word that is. Nothing guesses a person's gender, age or skin: of whom
nothing was said the words are "a person".
"""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING

from node.common import config
from node.common.output import ask, remark
from node.vision.people import wording
from node.vision.people.situation import Situation
from node.vision.scenes import grammar
from node.vision.scenes.reading import Description, read_description
from node.vision.scenes.world import Place
from protocol.errors import NodeError, UsageError

if TYPE_CHECKING:
    from node.common.config import Settings

# Asked once, on a terminal, before the first call with a webcam.
QUESTION = 'Who does the camera see, as in "a man with short grey hair and a beard"? (Enter: not said)'

# Characters of a description: a long sentence. The rest is cut off.
LONGEST = 200

# The places that can be said, by the words for them.
PLACES = {
    **{str(place): place for place in Place if place is not Place.PLAIN},
    "living room": Place.LIVING_ROOM,
    "room": Place.ROOM,
    "plain background": Place.PLAIN,
}


class Identity:
    """A description of the person before the camera, and of the place, which may change during a call.

    `version` counts the changes. Raises UsageError for a place that the drawn world lacks.
    """

    def __init__(self, text: str | None = None, place: str | None = None) -> None:
        self.version = 0
        self.text = ""
        self.description = Description()
        self._place = read_place(place) if place else None
        self.remarks = self.change(text or "")

    @property
    def place(self) -> Place | None:
        """The place that was said: by itself, or in the description."""
        return self._place or self.description.place

    @property
    def understood(self) -> str:
        """How the description is read: the words of a person who does nothing and whose clothes are not seen."""
        return wording.words(Situation(people=1), self.description, self.place)

    def change(self, text: str) -> list[str]:
        """Take another description, empty for none; return a line for each part of it that is not understood."""
        self.text = " ".join(text.split())[:LONGEST].rstrip()
        self.description = read_description(self.text)
        self.version += 1
        return [_line(unknown.word, unknown.nearest) for unknown in self.description.unknown]


def read_place(text: str) -> Place:
    """Return the place of these words, as in "kitchen" or "in a kitchen". Raises UsageError, with the known ones."""
    said = " ".join(text.split()).lower()
    for place, wordings in grammar.PLACES.items():
        if said in wordings and said:
            return place
    bare = said.removeprefix("in ").removeprefix("on ").removeprefix("at ")
    bare = bare.removeprefix("a ").removeprefix("an ").removeprefix("the ")
    if bare in PLACES:
        return PLACES[bare]
    near = difflib.get_close_matches(bare, PLACES, 1)
    offered = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(_names())}"
    raise UsageError(f"the pictures' world has no place {text!r}: {offered}")


def _names() -> list[str]:
    return [name for name in PLACES if name != str(Place.LIVING_ROOM)]


def _line(word: str, nearest: str) -> str:
    offered = f'; the nearest word is "{nearest}"' if nearest else ""
    return f'of who you are, "{word}" is not understood{offered}'


def introduced(settings: Settings) -> Settings:
    """Return the settings with who the camera sees, once asked and kept if nothing was said of it.

    Only people on a terminal are asked, and only of a webcam. An answer of nothing is kept as well, so that the
    question does not come again.
    """
    if settings.me is not None or not is_webcam(settings.camera) or not _on_terminal():
        return settings
    me = ask(QUESTION)
    try:
        remark(f"kept in {str(config.keep('me', me))!r}: --me says otherwise for one call")
    except NodeError as error:
        remark(error)
    return settings.model_copy(update={"me": me})


def is_webcam(camera: str | None) -> bool:
    """Return whether the camera of this name is a device."""
    return camera is not None and (camera.partition(":")[0] == "webcam" or camera.startswith("/dev/"))


def _on_terminal() -> bool:
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)
