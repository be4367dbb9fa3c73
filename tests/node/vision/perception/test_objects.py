"""Decoded things, and the names in a model's file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from node.vision.perception import files
from node.vision.perception.litert import OBJECT_DETECTOR, LiteModel
from node.vision.perception.objects import ObjectDetector, labels
from protocol.errors import NodeError


@pytest.fixture(scope="module")
def detector(perceiver: object) -> ObjectDetector:
    """The real detector, wherever the models are."""
    return ObjectDetector(files.folder() / OBJECT_DETECTOR)


def test_the_names_are_cocos(detector: ObjectDetector) -> None:
    assert {"person", "cup", "cell phone", "laptop", "cat", "teddy bear"} <= set(detector.names)


def test_things_are_decoded_surest_first_and_once(detector: ObjectDetector) -> None:
    scores, regressors = np.zeros((19206, 90), np.float32), np.zeros((19206, 4), np.float32)
    cup, person = detector.names.index("cup"), detector.names.index("person")
    scores[9, cup], scores[10, cup], scores[19205, person], scores[40, person] = 0.6, 0.5, 0.9, 0.1
    first, second, *rest = detector.decoded(scores, regressors)
    assert (first.name, second.name) == ("person", "cup")
    assert second.box == pytest.approx((0, 0, 28 / 320, 20 / 320))
    assert all(0 <= edge <= 1 for edge in first.box)
    assert len(rest) <= 1


def test_a_file_without_names_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "object_detector.tflite"
    path.write_bytes(b"TFL3 and no archive")
    with pytest.raises(NodeError, match="names no classes"):
        labels(path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("labels.txt", "person\ncup\n")
    path.write_bytes(b"model" + buffer.getvalue())
    assert labels(path) == ["person", "cup"]


def test_a_broken_model_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "face_detector.tflite"
    path.write_bytes(b"TFL3 and nothing else")
    with pytest.raises(NodeError, match=r"cannot load the model face_detector.tflite: pictophone models fetch people"):
        LiteModel(path)
