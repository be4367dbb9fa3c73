"""scripts/bench_gpu.py on toy sizes: every step that it takes on a GPU but the GPU's own."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_gpu.py"
TINY = ["--device", "cpu", "--tiny", "--seconds", "0.01"]


@pytest.fixture(scope="module")
def bench_gpu() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_gpu", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_gpu"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_every_batch_has_its_rate(bench_gpu: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    bench_gpu.main([*TINY, "--batch", "1", "3", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert (figures["device"], figures["side"], figures["compiled"]) == ("cpu", 32, False)
    assert figures["pictures_per_s"].keys() == {"1", "3"}
    assert all(rate > 0 for rate in figures["pictures_per_s"].values())
    bench_gpu.main([*TINY, "--batch", "2"])
    assert "cpu: 32x32 in one step" in capsys.readouterr().out


def test_pictures_are_bytes_and_not_alike(bench_gpu: ModuleType) -> None:
    pictures = bench_gpu.Painter(bench_gpu.TINY, "cpu", compiled=False).paint(3)
    assert (pictures.shape, pictures.dtype) == ((3, 3, 32, 32), torch.uint8)
    assert not torch.equal(pictures[0], pictures[1])


def test_the_networks_have_sd_turbos_sizes(bench_gpu: ModuleType) -> None:
    pipeline = bench_gpu._pipeline(bench_gpu.TURBO, "meta")
    millions = {
        name: round(sum(weight.numel() for weight in getattr(pipeline, name).parameters()) / 1e6)
        for name in ("unet", "text_encoder", "vae")
    }
    assert millions == {"unet": 866, "text_encoder": 340, "vae": 2}


def test_the_networks_that_take_the_time_are_compiled_on_request(
    bench_gpu: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    compile_ = torch.nn.Module.compile

    def eagerly(network: torch.nn.Module, mode: str, fullgraph: bool) -> None:
        compiled.append(type(network).__name__)
        compile_(network, backend="eager", fullgraph=fullgraph)

    monkeypatch.setattr(torch.nn.Module, "compile", eagerly)
    pictures = bench_gpu.Painter(bench_gpu.TINY, "cpu", compiled=True).paint(2)
    assert pictures.shape == (2, 3, 32, 32)
    assert compiled == ["UNet2DConditionModel", "DecoderTiny"]


def test_without_a_gpu_it_says_so_in_one_line(bench_gpu: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="no GPU") as caught:
        bench_gpu.main([])
    assert "\n" not in str(caught.value.code)
