"""The things in a picture, persons among them: EfficientDet-Lite0, trained on the 80 classes of COCO."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.vision.perception.detection import pyramid_anchors, suppress
from node.vision.perception.litert import LiteModel
from node.vision.perception.observation import SeenThing
from protocol.errors import NodeError

# Pixels along the model's input.
SIZE = 320

# Scores below are noise: at .3 a wall has a tie and a surfboard. What a score has to be to be said is decided later.
LEAST_SCORE = 0.35

# A person that sits at the edge or far away scores less; whether anybody is there is asked at this.
PERSON_SCORE = 0.5

# Two boxes of one class that share more are one thing.
MOST_OVERLAP = 0.5

# Of a class; more are a crowd.
MOST_OF_A_CLASS = 5

PERSON = "person"


class ObjectDetector:
    """A detector of things. Its names lie in the model's file, a zip archive appended to it."""

    def __init__(self, path: Path) -> None:
        self._model = LiteModel(path)
        self._anchors = pyramid_anchors(SIZE)
        self.names = labels(path)

    def things(self, image: Image.Image) -> list[SeenThing]:
        """Return the things in an RGB picture, surest first, with boxes in shares of the picture."""
        small = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR, reducing_gap=2.0)
        scores, boxes = self._model(np.asarray(small))
        return self.decoded(scores[0], boxes[0])

    def decoded(self, scores: npt.NDArray[np.float32], regressors: npt.NDArray[np.float32]) -> list[SeenThing]:
        """Return the things of the model's scores (n, classes) and boxes (n, 4: down, across, height, width)."""
        best = scores.max(axis=1)
        chosen = np.flatnonzero(best >= LEAST_SCORE)
        kinds, best = scores[chosen].argmax(axis=1), best[chosen].astype(np.float64)
        around, anchors = regressors[chosen].astype(np.float64), self._anchors[chosen]
        middle = anchors[:, :2] + around[:, [1, 0]] * anchors[:, 2:]
        half = np.exp(around[:, [3, 2]]) * anchors[:, 2:] / 2
        corners = np.clip(np.concatenate([middle - half, middle + half], axis=1), 0, 1)
        found = []
        for kind in np.unique(kinds):
            own = np.flatnonzero(kinds == kind)
            for index in suppress(corners[own], best[own], MOST_OVERLAP, MOST_OF_A_CLASS):
                left, top, right, bottom = map(float, corners[own[index]])
                found.append(SeenThing(self.names[kind], float(best[own[index]]), (left, top, right, bottom)))
        return sorted(found, key=lambda thing: -thing.score)


def labels(path: Path) -> list[str]:
    """Return the names of a model's classes. Raises NodeError if the file carries none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read("labels.txt").decode().splitlines()
    except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise NodeError(f"the model {path.name} names no classes: pictophone models fetch people") from error
