"""One TensorFlow Lite model on one processor thread, by the `ai-edge-litert` package.

One thread, because a call's speech needs the other core. Loading maps the file into memory: a model costs the pages
that its run touches.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from protocol.errors import NodeError

Numbers = npt.NDArray[np.float32]

# The models' file names. Which bytes they must have is in the table of those that are fetched.
FACE_DETECTOR = "face_detector.tflite"
FACE_LANDMARKS = "face_landmarks_detector.tflite"
FACE_BLENDSHAPES = "face_blendshapes.tflite"
HAND_DETECTOR = "hand_detector.tflite"
HAND_LANDMARKS = "hand_landmarks_detector.tflite"
GESTURE_EMBEDDER = "gesture_embedder.tflite"
GESTURE_CLASSIFIER = "canned_gesture_classifier.tflite"
SELFIE_SEGMENTER = "selfie_segmenter.tflite"
OBJECT_DETECTOR = "object_detector.tflite"

MODEL_FILES = (
    FACE_DETECTOR, FACE_LANDMARKS, FACE_BLENDSHAPES, HAND_DETECTOR, HAND_LANDMARKS, GESTURE_EMBEDDER,
    GESTURE_CLASSIFIER, SELFIE_SEGMENTER, OBJECT_DETECTOR,
)  # fmt: skip


def paths_in(folder: Path | Mapping[str, Path]) -> dict[str, Path]:
    """Return the path of each model file in a folder, or of a mapping by name. Raises NodeError if one is missing."""
    found = {name: folder / name if isinstance(folder, Path) else folder.get(name) for name in MODEL_FILES}
    missing = [name for name, path in found.items() if path is None or not path.is_file()]
    if missing:
        raise NodeError(f"no {missing[0]} among the models of people: pictophone models fetch people")
    return {name: path for name, path in found.items() if path is not None}


class LiteModel:
    """A model of one picture or a few numbers at a time. Raises NodeError if its file cannot be loaded."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            with _quietly():
                self._interpreter = Interpreter(str(path), num_threads=1)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise NodeError(f"cannot load the model {path.name}: pictophone models fetch people") from error
        self._inputs: list[dict[str, Any]] = self._interpreter.get_input_details()
        self._outputs: list[dict[str, Any]] = self._interpreter.get_output_details()

    def __call__(self, *inputs: npt.NDArray[Any]) -> list[Numbers]:
        """Run the model on its inputs, in their order, without the batch's axis; return copies of its outputs."""
        for place, values in zip(self._inputs, inputs, strict=True):
            fitting = np.ascontiguousarray(values, dtype=place["dtype"]).reshape(place["shape"])
            self._interpreter.set_tensor(place["index"], fitting)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(place["index"]) for place in self._outputs]


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: the runtime greets on it past Python."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
