"""What a recording says of the node that makes it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from node import opening
from node.config import Settings
from node.session import about
from protocol.captions import registry


def test_a_header_names_program_models_and_versions() -> None:
    header = about.header(Settings(name="Ann", profile="clear"), opening.CALL)
    assert (header.name, header.profile) == ("Ann", "clear")
    assert header.program == f"pictophone {metadata.version('pictophone')}"
    assert header.codebooks == registry.codebooks()
    assert header.models == {"captioner": "embedded", "generator": "embedded"}
    assert header.versions["torch"] == metadata.version("torch")
    assert len(header.versions["captioner"]) == 12
    assert header.versions["captioner"] != header.versions["generator"]


def test_who_receives_has_no_captioner() -> None:
    header = about.header(Settings(name="Ann", generator="somebody/painter"), opening.RECEIVE)
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
    assert about.version_of(one) == about.version_of(same) != about.version_of(other)
    assert about.version_of(str(tmp_path / "nowhere")) == ""
