from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from node.vision import generator as module
from node.vision.bfloat import multiplies_bfloat16
from node.vision.generator import Generator

MOST_LEVELS = 4  # of 255: what rounding may do to a picture


def paint(folder: Path, rounded: bool, monkeypatch: pytest.MonkeyPatch) -> Image.Image:
    monkeypatch.setattr(module, "multiplies_bfloat16", lambda: rounded)
    generator = Generator(str(folder), device="cpu")
    picture = generator.paint("a cat on a bench", 7)
    assert generator.paint("a cat on a bench", 7).tobytes() == picture.tobytes()
    assert generator._pipeline.vae.dtype == generator._pipeline.unet.dtype == torch.float32
    return picture


def test_a_picture_is_the_same_but_for_a_rounding(painter_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, rounded = (np.asarray(paint(painter_folder, way, monkeypatch)).astype(np.int16) for way in (False, True))
    assert 0 < np.abs(whole - rounded).max() <= MOST_LEVELS


def test_only_decoding_is_rounded(painter_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "multiplies_bfloat16", lambda: True)
    pipeline = Generator(str(painter_folder), device="cpu")._pipeline
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
