"""Detection of faces, palms and objects by single-shot detectors: anchors, decoding of boxes, non-maximum suppression.

A detector gives for each of some thousand fixed places (anchors) a score and a box relative to it. The anchors are as
MediaPipe (Apache-2.0) and EfficientDet (Tan, Pang and Le, 2020) publish them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.floating]

# EfficientDet's levels of a pyramid, each half as fine as the one before; sizes and shapes of boxes at each place.
LEVELS = range(3, 8)
ANCHOR_SCALE = 4.0
OCTAVES = (0.0, 1 / 3, 2 / 3)
ASPECTS = (1.0, 2.0, 0.5)

# Scores are logits; beyond this a sigmoid is 0 or 1 in single precision, and its exponential overflows.
MOST_LOGIT = 80.0


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector found: boxes (n, 4: left, top, right, bottom), points (n, m, 2), all from 0 to 1; scores (n)."""

    boxes: Floats
    points: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.scores)


def sigmoid(logits: Numbers) -> Floats:
    """Return the probabilities of logits."""
    return 1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64), -MOST_LOGIT, MOST_LOGIT)))


def ssd_anchors(size: int, strides: tuple[int, ...]) -> Floats:
    """Return the anchors' middles (n, 2), 0 to 1: two for each layer at every place, layers of one stride together."""
    grids = []
    for stride in dict.fromkeys(strides):
        side = math.ceil(size / stride)
        down, across = np.mgrid[0:side, 0:side]
        middles = np.stack([(across + 0.5) / side, (down + 0.5) / side], axis=-1).reshape(-1, 2)
        grids.append(np.repeat(middles, 2 * strides.count(stride), axis=0))
    return np.concatenate(grids)


def pyramid_anchors(size: int) -> Floats:
    """Return EfficientDet's anchors (n, 4: middle, width, height), 0 to 1."""
    grids = []
    for level in LEVELS:
        side = math.ceil(size / 2**level)
        stride = size / side
        down, across = np.mgrid[0:side, 0:side]
        middles = np.stack([(across + 0.5) * stride, (down + 0.5) * stride], axis=-1)
        for octave in OCTAVES:
            for aspect in ASPECTS:
                base = ANCHOR_SCALE * stride * 2**octave
                shape = np.broadcast_to([base * math.sqrt(aspect), base / math.sqrt(aspect)], middles.shape)
                grids.append(np.concatenate([middles, shape], axis=-1))
    shapes = len(OCTAVES) * len(ASPECTS)
    levels = [np.stack(grids[at : at + shapes], axis=2).reshape(-1, 4) for at in range(0, len(grids), shapes)]
    return np.concatenate(levels) / size


def decode(regressors: Numbers, logits: Numbers, anchors: Floats, size: int, least: float) -> Detections:
    """Decode MediaPipe's boxes and points, which are in pixels of the input around each anchor's middle.

    `regressors` are (n, 4 + 2 m), `logits` (n). Those that score less than `least` are left out.
    """
    scores = sigmoid(logits)
    chosen = scores >= least
    around, middles = np.asarray(regressors[chosen], np.float64) / size, anchors[chosen]
    middle, half = middles + around[:, :2], around[:, 2:4] / 2
    count = (around.shape[1] - 4) // 2
    points = around[:, 4:].reshape(len(around), count, 2) + middles[:, None]
    return Detections(np.concatenate([middle - half, middle + half], axis=1), points, scores[chosen])


def suppress(boxes: Floats, scores: Floats, most_overlap: float, most: int) -> list[int]:
    """Return the indices of the best boxes, best first, of which no two overlap by more than `most_overlap`."""
    waiting, kept = np.argsort(-scores, kind="stable"), list[int]()
    while len(waiting) and len(kept) < most:
        best, rest = int(waiting[0]), waiting[1:]
        kept.append(best)
        waiting = rest[overlaps(boxes[best], boxes[rest]) <= most_overlap]
    return kept


def overlaps(box: Floats, others: Floats) -> Floats:
    """Return the area in common of a box (4) and each of the others (n, 4), as a share of their joint area."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    joint = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - common
    return np.asarray(common / np.maximum(joint, 1e-12), np.float64)
