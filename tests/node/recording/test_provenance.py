"""What a recording says of the node that makes it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from node.call import build
from node.captions.coder import shipped_codecs
from node.common.config import Settings
from node.recording import provenance
from node.vision.presets import PERCEPTION

CODECS = shipped_codecs()


def test_a_header_names_program_models_and_versions() -> None:
    header = provenance.recording_header(Settings(name="Ann", profile="clear"), build.CALL, CODECS.codebooks())
    assert (header.name, header.profile) == ("Ann", "clear")
    assert header.program == f"pictophone {metadata.version('pictophone')}"
    assert header.codebooks == CODECS.codebooks()
    assert header.models == {"captioner": "embedded", "generator": "embedded"}
    assert header.versions["torch"] == metadata.version("torch")
    assert len(header.versions["captioner"]) == 12
    assert header.versions["captioner"] != header.versions["generator"]


def test_who_receives_has_no_captioner() -> None:
    header = provenance.recording_header(Settings(name="Ann", generator="somebody/painter"), build.RECEIVE, ())
    assert header.models == {"generator": "somebody/painter"}
    assert "generator" not in header.versions  # it is not on this machine


def _model(folder: Path, weights: bytes) -> str:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return str(folder)


def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    one, same = _model(tmp_path / "one", b"weights"), _model(tmp_path / "same", b"weights")
    other = _model(tmp_path / "other", b"Weights")
    assert provenance.version_of(one) == provenance.version_of(same) != provenance.version_of(other)
    assert provenance.version_of(str(tmp_path / "nowhere")) == ""


def test_the_perception_models_are_known_by_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "local_folder", lambda model: tmp_path)
    (tmp_path / "model.tflite").write_bytes(b"one")
    before = provenance.version_of(PERCEPTION)
    (tmp_path / "model.tflite").write_bytes(b"other")
    assert before != provenance.version_of(PERCEPTION) != tmp_path.name
