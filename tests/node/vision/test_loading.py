"""Where a model comes from: the hub is played by functions, for no test may need the network."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub.errors import OfflineModeIsEnabled, RepositoryNotFoundError
from PIL import Image

from node.vision import generator as module
from node.vision.generator import Generator
from node.vision.loading import load, multiplies_bfloat16, number_type, pick_device, quieten
from protocol.errors import NodeError

HUB_ID = "owner/model"


class Hub:
    """Answers `model_info`; counts how often it was asked."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked = 0

    def model_info(self, model: str, timeout: float) -> None:
        self.asked += 1
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    monkeypatch.setattr(huggingface_hub, "model_info", hub.model_info)
    return hub


def not_cached(local_only: bool) -> str:
    if local_only:
        raise OSError("not in the cache")
    return "downloaded"


def test_what_is_cached_needs_no_hub(hub: Hub) -> None:
    assert load(HUB_ID, "captioner", lambda local_only: local_only) is True
    assert hub.asked == 0


def test_what_is_not_cached_is_downloaded(hub: Hub) -> None:
    assert load(HUB_ID, "captioner", not_cached) == "downloaded"
    assert hub.asked == 1


def test_a_folder_never_asks_the_hub(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="whole model folder"):
        load(str(tmp_path), "captioner", not_cached)
    assert hub.asked == 0


def test_a_hub_out_of_reach_says_what_works_offline(hub: Hub) -> None:
    hub.failure = OSError("Name or service not known")
    with pytest.raises(NodeError, match=r"owner/model.*cannot be reached.*embedded.*offline"):
        load(HUB_ID, "captioner", not_cached)


def test_offline_mode_is_named_by_its_switch(hub: Hub) -> None:
    hub.failure = OfflineModeIsEnabled("Cannot reach https://hub.invalid/api?blobs=true: offline mode is enabled. To")
    with pytest.raises(NodeError, match=r"cannot be reached \(HF_HUB_OFFLINE is set\): go online once") as caught:
        load(HUB_ID, "captioner", not_cached)
    assert "https" not in str(caught.value)


def test_a_name_that_the_hub_does_not_know_is_said(hub: Hub) -> None:
    response = SimpleNamespace(headers={}, request=None)
    hub.failure = RepositoryNotFoundError("404", response=response)  # type: ignore[arg-type]
    with pytest.raises(NodeError, match=r"no captioner 'owner/model'"):
        load(HUB_ID, "captioner", not_cached)


def test_a_model_of_another_kind_is_one_line(hub: Hub) -> None:
    def build(local_only: bool) -> None:
        raise KeyError("several\nlines")

    with pytest.raises(NodeError, match="try another model") as caught:
        load(HUB_ID, "captioner", build)
    assert len(str(caught.value).splitlines()) == 1


def test_a_path_that_is_not_there_is_no_hub_id(hub: Hub) -> None:
    with pytest.raises(NodeError, match="check the path"):
        load("./missing", "captioner", not_cached)
    assert hub.asked == 0


def test_the_device_asked_for_is_taken() -> None:
    assert pick_device("cpu") == "cpu"
    assert pick_device(None) in {"cpu", "cuda", "mps"}


def test_half_precision_is_for_a_gpu() -> None:
    import torch

    assert number_type("cpu") == number_type("cpu", "bfloat16") == torch.float32
    assert number_type("cuda") == number_type("mps") == torch.float16
    assert number_type("cuda", "bfloat16") == torch.bfloat16


def test_the_users_own_settings_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "debug")
    monkeypatch.delenv("HF_HUB_DISABLE_TELEMETRY", raising=False)
    quieten()
    import os

    assert os.environ["TRANSFORMERS_VERBOSITY"] == "debug"
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_without_a_home_there_is_no_place_for_a_model(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would make a folder called ~ here."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", "~/.cache/huggingface/hub")
    with pytest.raises(NodeError, match="set HOME or HF_HOME"):
        load(HUB_ID, "captioner", not_cached)
    assert hub.asked == 0


MOST_LEVELS = 4  # of 255: what rounding may do to a picture


def paint(folder: Path, rounded: bool, monkeypatch: pytest.MonkeyPatch) -> Image.Image:
    monkeypatch.setattr(module, "multiplies_bfloat16", lambda: rounded)
    generator = Generator(str(folder), device="cpu")
    picture = generator.paint("a cat on a bench", 7)
    assert generator.paint("a cat on a bench", 7).tobytes() == picture.tobytes()
    assert generator.pipeline.vae.dtype == generator.pipeline.unet.dtype == torch.float32
    return picture


def test_a_picture_is_the_same_but_for_a_rounding(painter_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, rounded = (
        np.asarray(paint(painter_folder, rounds, monkeypatch)).astype(np.int16) for rounds in (False, True)
    )
    assert 0 < np.abs(exact - rounded).max() <= MOST_LEVELS


def test_only_decoding_is_rounded(painter_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "multiplies_bfloat16", lambda: True)
    pipeline = Generator(str(painter_folder), device="cpu").pipeline
    with torch.inference_mode():
        latents = pipeline.vae.encode(torch.zeros(1, 3, 32, 32)).latents
        assert latents.dtype == torch.float32
        assert pipeline.vae.decode(latents).sample.dtype == torch.bfloat16
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": False, "avx2": True}, False),
        ({}, False),
    ],
)
def test_the_cpu_is_asked(capabilities: dict[str, Any], expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert multiplies_bfloat16() is expected


def test_a_torch_that_does_not_say_is_taken_for_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not multiplies_bfloat16()
