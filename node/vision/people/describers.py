"""The captioners of the model process: any image-text-to-text model, perception of people, or each for its pictures.

A captioner is a pure function of one picture. Who sits there was said to the node and never comes here, and what holds
over several snapshots is the node's business too (`node.vision.people.narrator`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from typing import Protocol

import numpy as np
from PIL import Image

from node.vision.captioner import Captioner
from node.vision.image_metrics import is_drawing
from node.vision.ipc import CaptionReply
from node.vision.people.wording import words_of
from node.vision.perception import colours
from node.vision.perception.observation import Observation, to_plain
from node.vision.perception.perceiver import Perceiver
from node.vision.presets import PERCEPTION, only_drawings
from protocol.errors import NodeError

# Pixels along the sides of the copy that is looked at for whether there is anything to see.
GLANCE = 64

REAL_CAMERA = (
    "this is a real camera: people are seen by small models on this machine, and the others see them as drawings"
)
UNSEEN = "this is a real camera, and no words are sent of it"


class Describer(Protocol):
    """What captions pictures in the model process."""

    def describe(self, image: Image.Image, painted: bool = False) -> CaptionReply:
        """Return the caption of an RGB picture, and what it was made of; `painted` if the generator made it."""


class ModelCaptioner:
    """An image-text-to-text model: it captions any picture, with whatever it knows."""

    def __init__(self, captioner: Captioner) -> None:
        self._captioner = captioner

    def describe(self, image: Image.Image, painted: bool = False) -> CaptionReply:
        """See `Describer`."""
        words, likeness = self._captioner.read(image)
        return CaptionReply(words, likeness=None if likeness is None else astuple(likeness))


class PeopleCaptioner:
    """Perception as a captioner, whose words are of a person of whom nothing was said.

    Raises NodeError if its models are not on this machine.
    """

    def __init__(self) -> None:
        self._perceiver = Perceiver()

    def describe(self, image: Image.Image, painted: bool = False) -> CaptionReply:
        """See `Describer`."""
        observation = self._perceiver.observe(image)
        return CaptionReply(words_of(observation), to_plain(observation))


class EitherCaptioner:
    """Drawings to the captioner that knows nothing else, photos to perception, whose models the first one loads.

    Without them a photo has no words, which are better than false ones, and a remark that names the cure. A picture
    that shows nothing is no drawing: it has no words either. What was painted is a drawing, soft as it is.
    """

    def __init__(self, drawings: Describer, load: Callable[[], Describer] = PeopleCaptioner) -> None:
        self._drawings, self._load = drawings, load
        self._photos: Describer | None = None

    def describe(self, image: Image.Image, painted: bool = False) -> CaptionReply:
        """See `Describer`."""
        if not painted and shows_nothing(image):
            return CaptionReply("", to_plain(Observation(blind=True)))
        if painted or is_drawing(image):
            return self._drawings.describe(image)
        return self._describe_photo(image)

    def _describe_photo(self, image: Image.Image) -> CaptionReply:
        try:
            self._photos = self._photos or self._load()
        except NodeError as error:
            return CaptionReply("", remark=f"{UNSEEN}: {error}")
        reply = self._photos.describe(image)
        return CaptionReply(reply.text, reply.observation, remark=REAL_CAMERA)


def shows_nothing(image: Image.Image) -> bool:
    """Return whether the picture is black, or one plain surface, such as a lens cover."""
    return colours.shows_nothing(np.asarray(image.resize((GLANCE, GLANCE), Image.Resampling.BOX)))


def load_captioner(model: str) -> Describer:
    """Return the captioner of this name: a folder, a hub id or PERCEPTION. Raises NodeError if it cannot be loaded."""
    if model == PERCEPTION:
        return PeopleCaptioner()
    captioner = ModelCaptioner(Captioner(model))
    return EitherCaptioner(captioner) if only_drawings(model) else captioner
