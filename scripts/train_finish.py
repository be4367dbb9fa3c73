#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Finish the embedded generator: painter and decoder trained together, judged by the pixels.

The third stage, after `train_autoencoder.py` and `train_generator.py`. Until here the painter was to hit the encoder's
latents, in which a finger counts no more than a patch of sky, and the decoder knew only what the encoder says. Now
both learn from the pictures that come out, at both noise levels that sampling visits; the painter stays near the
encoder's latents all the same, so that a look can be painted over.

    scripts/train_finish.py --minutes 30 --out training
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, DDIMScheduler
from muon import Muon
from train_autoencoder import CROP, FACTOR, corner, crop, pixel_loss, save, stacked_weights
from train_common import Average, Budget, Pictures, Run, half_precision, set_rate, to_tensor, unseen_scenes
from train_generator import (
    CHECK_SCENES,
    Batch,
    Batches,
    Painter,
    autoencoder,
    check,
    export,
    latents_of,
)
from transformers import PreTrainedTokenizerFast

BATCH = 16
ANIMALS = 0.5  # their share of the training
PEAK_RATE = 4e-4
PIXELS = 0.25  # the weight of the pixels beside that of the latents
WINDOW = CROP // FACTOR  # latents along a side of what is decoded and compared


class Whole(torch.nn.Module):
    """What is trained: the painter and the decoder."""

    def __init__(self, painter: Painter, vae: AutoencoderTiny) -> None:
        super().__init__()
        self.painter = painter
        self.decoder = vae.decoder


def loaded(out: Path) -> tuple[PreTrainedTokenizerFast, Painter, AutoencoderTiny]:
    """What the stages before have left in OUT/generator."""
    folder = out / "generator"
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer")
    painter = Painter(tokenizer)
    painter.load(folder)
    return tokenizer, painter, autoencoder(out)


def optimise(run: Run, whole: Whole, scale: float, batches: Batches, pictures: Pictures, seed: int) -> None:
    """Train until the budget is spent; `scale` takes the painter's latents to the decoder's."""
    numbers = np.random.default_rng([seed, run.budget.done])
    optimizer, average = run.parts["optimizer"], run.parts["average"]
    for figures in run.steps("finish"):
        set_rate(optimizer, run.budget.rate(PEAK_RATE))
        batch = batches.draw(BATCH)
        told = whole.painter(batch.noisy, batch.times, batch.tokens)
        near = F.mse_loss(told, batch.velocity)
        corners = [corner(numbers) for _ in range(BATCH)]
        windows = [
            latents[:, top : top + WINDOW, left : left + WINDOW]
            for latents, (top, left) in zip(_painted(batches.schedule, batch, told), corners, strict=True)
        ]
        with half_precision():
            window = torch.stack(windows) * scale
            seen = whole.decoder(window.contiguous(memory_format=torch.channels_last)).float()
        wanted = to_tensor(
            np.stack([crop(pictures, *at) for at in zip(batch.indices, *zip(*corners, strict=True), strict=True)])
        )
        pixels = pixel_loss(seen, wanted, stacked_weights(corners))
        loss = near + PIXELS * pixels
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(whole.parameters(), 1.0)
        optimizer.step()
        average.update()
        figures.update(near=near.item(), pixels=pixels.item(), error=F.mse_loss(seen, wanted).item())


def _painted(schedule: DDIMScheduler, batch: Batch, told: torch.Tensor) -> torch.Tensor:
    """The clean latents that the told velocity means (Salimans and Ho 2022, arXiv:2202.00512)."""
    kept = schedule.alphas_cumprod.to(told.device)[batch.times][:, None, None, None]
    return kept.sqrt() * batch.noisy - (1 - kept).sqrt() * told


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    out = arguments.out
    pictures = Pictures(out, arguments.pictures, moments=False)
    tokenizer, painter, vae = loaded(out)
    whole = Whole(painter, vae)
    average = Average(whole, 0.998)
    parts: dict[str, Any] = {"whole": whole, "average": average, "optimizer": Muon(whole, PEAK_RATE)}
    run = Run(out / "finish.pt", Budget(arguments.steps, arguments.minutes), parts)
    latents = latents_of(pictures, vae, out / "latents.pt")
    batches = Batches(pictures, latents, tokenizer, random.Random(f"{arguments.seed}-{run.budget.done}"), ANIMALS)
    optimise(run, whole, 1 / vae.config.scaling_factor, batches, pictures, arguments.seed)
    whole.load_state_dict(average.values)
    save(vae, out / "generator" / "vae")
    folder = export(Average(painter), tokenizer, out)
    for name, value in check(folder, out / "captioner", unseen_scenes(CHECK_SCENES), out / "sheet.png").items():
        print(f"{name:12} {value:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("training"), help="pictures, checkpoints and result")
    parser.add_argument("--pictures", type=int, default=24_576, help="scenes drawn for training")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
