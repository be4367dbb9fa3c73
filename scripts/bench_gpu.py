#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""How many pictures a second a GPU paints: SD-Turbo's networks at their real sizes with TAESD, one step, 512x512.

The weights are random: how fast it is does not depend on what is painted. A picture is words to tokens' embeddings, one
pass of the U-Net without guidance, the tiny autoencoder, and its bytes in the computer's memory; only splitting words
into tokens is left out. Half precision, channels innermost.

    .venv/bin/python scripts/bench_gpu.py --batch 1 8 32 --compile
    .venv/bin/python scripts/bench_gpu.py --device cpu --tiny        # the same steps on toy sizes, for the tests
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import diffusers
import torch
import transformers

from node.vision.loading import number_type

WARM_UPS = 3  # the first runs choose kernels, the second and third of a compiled network record its graph


@dataclass(frozen=True)
class Sizes:
    """What the networks are made by. TAESD's are the defaults of its class."""

    text: dict[str, Any]
    unet: dict[str, Any]
    autoencoder: dict[str, Any]
    side: int


TURBO = Sizes(
    text={
        "vocab_size": 49408, "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23,
        "num_attention_heads": 16, "hidden_act": "gelu", "projection_dim": 512, "max_position_embeddings": 77,
    },
    unet={
        "sample_size": 64, "cross_attention_dim": 1024, "attention_head_dim": (5, 10, 20, 20),
        "block_out_channels": (320, 640, 1280, 1280), "layers_per_block": 2, "use_linear_projection": True,
    },
    autoencoder={},
    side=512,
)  # fmt: skip
TINY = Sizes(
    text={
        "vocab_size": 64, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 8,
    },
    unet={
        "sample_size": 4, "cross_attention_dim": 16, "attention_head_dim": (1, 2), "block_out_channels": (8, 16),
        "layers_per_block": 1, "norm_num_groups": 4, "use_linear_projection": True,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    },
    autoencoder={"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 4},
    side=32,
)  # fmt: skip


class Painter:
    """The pipeline on its device, painting batches of random words."""

    def __init__(self, sizes: Sizes, device: str, compiled: bool) -> None:
        self._sizes, self._device = sizes, device
        torch.manual_seed(0)
        self._pipeline = _pipeline(sizes, device).to(device, number_type(device))
        for network in (self._pipeline.unet, self._pipeline.vae):
            network.to(memory_format=torch.channels_last)
        self._pipeline.set_progress_bar_config(disable=True)
        if compiled:
            # "reduce-overhead" records CUDA graphs: on a small batch, starting the kernels takes longer than they do
            self._pipeline.unet.compile(mode="reduce-overhead", fullgraph=True)
            self._pipeline.vae.decoder.compile(mode="reduce-overhead", fullgraph=True)

    @property
    def parameters(self) -> int:
        """Of the text encoder, the U-Net and the autoencoder."""
        pipeline = self._pipeline
        networks = (pipeline.text_encoder, pipeline.unet, pipeline.vae)
        return sum(weight.numel() for network in networks for weight in network.parameters())

    @torch.inference_mode()
    def paint(self, batch: int) -> torch.Tensor:
        """That many pictures in the computer's memory, (batch, 3, side, side), one byte a value."""
        torch.compiler.cudagraph_mark_step_begin()
        text, side = self._sizes.text, self._sizes.side
        tokens = torch.randint(text["vocab_size"], (batch, text["max_position_embeddings"]), device=self._device)
        pictures = self._pipeline(
            prompt_embeds=self._pipeline.text_encoder(tokens)[0],
            num_inference_steps=1,
            guidance_scale=0.0,
            height=side,
            width=side,
            output_type="pt",
        ).images
        return (pictures * 255).round().to(torch.uint8).cpu()


def _pipeline(sizes: Sizes, device: str) -> Any:
    library: Any = diffusers
    with torch.device(device):  # random numbers for so many weights would take a CPU most of a minute
        networks = {
            "vae": library.AutoencoderTiny(**sizes.autoencoder).eval(),
            "text_encoder": transformers.CLIPTextModel(transformers.CLIPTextConfig(**sizes.text)).eval(),
            "unet": library.UNet2DConditionModel(**sizes.unet).eval(),
        }
    scheduler = library.EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="trailing", steps_offset=1
    )
    absent = {"tokenizer": None, "safety_checker": None, "feature_extractor": None}
    return library.StableDiffusionPipeline(**networks, scheduler=scheduler, **absent, requires_safety_checker=False)


def rate(paint: Callable[[int], object], batch: int, seconds: float) -> float:
    """Pictures a second, over at least so long; what is painted must be there when `paint` returns."""
    for _ in range(WARM_UPS):
        paint(batch)
    began, painted = time.perf_counter(), 0
    while (taken := time.perf_counter() - began) < seconds or not painted:
        paint(batch)
        painted += batch
    return painted / taken if painted and taken else 0.0


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures, for programs."""
    sizes = TINY if arguments.tiny else TURBO
    torch.backends.cudnn.benchmark = True
    painter = Painter(sizes, arguments.device, arguments.compile)
    rates = {str(batch): round(rate(painter.paint, batch, arguments.seconds), 1) for batch in arguments.batch}
    return {
        "device": torch.cuda.get_device_name() if arguments.device == "cuda" else arguments.device,
        "side": sizes.side,
        "parameters": painter.parameters,
        "compiled": arguments.compile,
        "pictures_per_s": rates,
    }


def table(figures: dict[str, Any]) -> str:
    """The same for people."""
    side, compiled = figures["side"], "compiled" if figures["compiled"] else "not compiled"
    head = (
        f"{figures['device']}: {side}x{side} in one step, {figures['parameters'] / 1e6:,.0f} M parameters, {compiled}"
    )
    rows = [f"{batch:>8}{per_s:>16,.1f}" for batch, per_s in figures["pictures_per_s"].items()]
    return "\n".join([head, f"{'batch':>8}{'pictures a s':>16}", *rows])


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 4, 8, 16, 32, 64])
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to paint with each size of batch")
    parser.add_argument("--compile", action="store_true", help="compile the networks, with CUDA graphs")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="toy sizes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    if arguments.device == "cuda" and not torch.cuda.is_available():
        sys.exit("bench_gpu: no GPU that torch can use is here: run it where there is one, or --device cpu --tiny")
    figures = measure(arguments)
    print(json.dumps(figures) if arguments.json else table(figures))


if __name__ == "__main__":
    main()
