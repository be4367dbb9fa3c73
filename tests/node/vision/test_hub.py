"""What is here and what a download takes; the hub is played by functions, its cache by a folder of the same shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_wheels import CONTENTS, use_stand_ins

from node.vision import hub
from node.vision.hub import ModelRef
from node.vision.perception import files
from node.vision.presets import PERCEPTION, PRESETS
from protocol.errors import NodeError

HUB_ID = "owner/model"
COMMIT = "0" * 40


def test_a_preset_needs_a_captioner_a_generator_and_perhaps_an_autoencoder() -> None:
    roles = {name: [ref.role for ref in hub.preset_models(each)] for name, each in PRESETS.items()}
    assert roles["photo-gpu"] == ["captioner", "generator", "autoencoder"]
    assert roles["photo-cpu"] == ["captioner", "generator"]


def test_the_perception_models_are_here_when_each_file_is_as_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_stand_ins(monkeypatch)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", None)  # the hub is not asked
    assert hub.local_folder(PERCEPTION) is None
    folder = files.folder()
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    assert hub.local_folder(PERCEPTION) == folder
    (folder / "face_detector.tflite").write_bytes(b"altered")
    assert hub.local_folder(PERCEPTION) is None


# -- what is here


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache with an empty snapshot of HUB_ID in it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--owner--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    snapshot = repository / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    return snapshot


def as_model(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(1000))


def as_pipeline(folder: Path) -> None:
    index = {"_class_name": "SomePipeline", "unet": ["diffusers", "UNet"], "safety_checker": [None, None]}
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "unet").mkdir()
    (folder / "unet" / "model.safetensors").write_bytes(bytes(500))


@pytest.mark.parametrize("fill", [as_model, as_pipeline])
def test_a_whole_model_is_found_in_the_cache_and_in_a_folder(cache: Path, fill: Callable[[Path], None]) -> None:
    assert hub.local_folder(HUB_ID) is None
    fill(cache)
    assert hub.local_folder(HUB_ID) == cache
    assert hub.local_folder(str(cache)) == cache
    assert hub.local_folder("owner/other") is None


def test_sizes_are_of_all_files(cache: Path) -> None:
    as_pipeline(cache)
    assert hub.folder_size(cache) == 500 + (cache / "model_index.json").stat().st_size


def test_half_a_model_is_none(cache: Path) -> None:
    (cache / "config.json").write_text("{}")
    assert hub.local_folder(HUB_ID) is None
    as_pipeline(cache)
    (cache / "unet" / "model.safetensors").unlink()
    assert hub.local_folder(HUB_ID) is None


@pytest.mark.parametrize("index", ["", "[]", "7", '"text"', '{"unet": []}', "\ud800"])
def test_an_index_that_is_none_is_no_model(cache: Path, index: str) -> None:
    (cache / "model_index.json").write_text(index, errors="replace")
    assert hub.local_folder(HUB_ID) is None


# -- which files


def test_one_format_in_full_precision_is_enough_and_the_index_comes_last() -> None:
    names = [
        "model_index.json", ".gitattributes", "README.md", "sample.png", "whole-model.safetensors",
        "unet/config.json", "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.safetensors", "unet/model.onnx", "tokenizer/merges.txt",
        "text_encoder/pytorch_model.bin", "text_encoder/pytorch_model.fp16.bin",
    ]  # fmt: skip
    assert hub.needed_files(names) == [
        "text_encoder/pytorch_model.bin",
        "tokenizer/merges.txt",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "model_index.json",
    ]


def test_a_model_without_parts_keeps_its_weights() -> None:
    names = ["config.json", "model.safetensors", "pytorch_model.bin", "tf_model.h5", "tokenizer.json"]
    assert hub.needed_files(names) == ["model.safetensors", "tokenizer.json", "config.json"]
    assert hub.needed_files(["config.json", "pytorch_model.bin"]) == ["pytorch_model.bin", "config.json"]
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"]
    assert hub.needed_files(shards) == shards


@given(st.lists(st.text(alphabet="ab./-_", max_size=12).map(lambda name: name + ".bin"), unique=True))
def test_any_names_can_be_chosen_from(names: list[str]) -> None:
    assert set(hub.needed_files(names)) <= set(names)


# -- fetching


class Hub:
    """Has one model of three files; says what was downloaded."""

    def __init__(self) -> None:
        self.files = {"config.json": 10, "model.safetensors": 1000, "README.md": 5}
        self.downloaded: list[str] = []
        self.failure: Exception | None = None

    def model_info(self, model: str, timeout: float, files_metadata: bool) -> Any:
        assert files_metadata
        return SimpleNamespace(
            siblings=[SimpleNamespace(rfilename=name, size=size) for name, size in self.files.items()]
        )

    def hf_hub_download(self, model: str, name: str, tqdm_class: Any) -> None:
        if self.failure is not None:
            raise self.failure
        with tqdm_class(total=self.files[name], initial=0, desc=name, unit="B") as bar:
            bar.update(self.files[name] // 2)
            bar.set_postfix_str("1 MB/s", refresh=False)
            bar.update(self.files[name] // 2)
        self.downloaded.append(name)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Hub:
    played = Hub()
    monkeypatch.setattr(huggingface_hub, "model_info", played.model_info)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", played.hf_hub_download)
    return played


def test_a_download_takes_what_is_needed_and_tells_how_far_it_is(
    played: Hub, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, int]] = []
    hub.download(ModelRef("captioner", HUB_ID), lambda done, total: seen.append((done, total)))
    assert played.downloaded == ["model.safetensors", "config.json"]
    assert seen == [(done, 1010) for done in (500, 1000, 1000, 1005, 1010, 1010)]
    assert capfd.readouterr() == ("", "")


def test_a_download_that_breaks_is_one_line(played: Hub) -> None:
    played.failure = OSError("connection\nlost")
    with pytest.raises(NodeError, match=r"cannot fetch the captioner 'owner/model'.*try again") as caught:
        hub.download(ModelRef("captioner", HUB_ID), lambda done, total: None)
    assert "\n" not in str(caught.value)


def test_a_hub_out_of_reach_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub, "model_info", unreachable)
    with pytest.raises(NodeError, match="cannot be reached") as caught:
        hub.download(ModelRef("generator", HUB_ID), lambda done, total: None)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_gone_is_not_looked_for_on_the_hub(played: Hub, tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="no model folder"):
        hub.download(ModelRef("generator", str(tmp_path / "none")), lambda done, total: None)
