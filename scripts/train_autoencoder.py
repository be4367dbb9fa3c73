#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Train the generator's autoencoder: 256 x 256 pictures to 16 x 16 latents of 16 channels, and back.

The first of the generator's two stages; `train_generator.py` is the second. It trains on crops that lie on the
latents' grid, more of them from the middle, where faces are, and weighs edges and faces, where the small things are:
an eye is 1/400 of a picture, and a plain mean would let it go.

    scripts/train_autoencoder.py --minutes 30 --out training

Once the painter is trained on the latents, only the decoder may change:

    scripts/train_autoencoder.py --decoder-only --init training/generator/vae --minutes 30 --out training
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from muon import Muon
from train_common import Average, Budget, Pictures, Run, device, half_precision, set_rate, to_tensor

CHANNELS = 48
LATENT_CHANNELS = 16
FACTOR = 16  # pixels per latent, in each direction
ENCODER_BLOCKS = (0, 0, 1, 2, 2)  # nothing at full resolution, where a block costs most and sees least
DECODER_BLOCKS = (3, 3, 2, 0, 0)
CROP = 128
BATCH = 4
PEAK_RATE = 2e-3
LATENT_NOISE = 0.1  # of latents of about unit spread: the decoder must forgive the painter's small mistakes
FACE = (48, 48, 176, 208)  # top, left, bottom, right of where faces and animals' heads are
CHECK_PICTURES = 64


def build() -> AutoencoderTiny:
    blocks = len(DECODER_BLOCKS)
    model = AutoencoderTiny(
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=(CHANNELS,) * blocks,
        decoder_block_out_channels=(CHANNELS,) * blocks,
        num_encoder_blocks=ENCODER_BLOCKS,
        num_decoder_blocks=DECODER_BLOCKS,
    )
    return model.to(device(), memory_format=torch.channels_last)


def corner(rng: np.random.Generator) -> tuple[int, int]:
    """Top and left of a crop, in latents. Two beyond either edge, clipped: the border is not rarer than the middle."""
    top, left = np.clip(rng.integers(-2, 11, 2), 0, 8)
    return int(top), int(left)


def weights(top: int, left: int) -> np.ndarray[Any, Any]:
    """Each pixel's weight in the crop at this corner, in latents: (128, 128, 1)."""
    whole = np.ones((256, 256, 1), np.float32)
    whole[FACE[0] : FACE[2], FACE[1] : FACE[3]] = 2
    return whole[top * FACTOR : top * FACTOR + CROP, left * FACTOR : left * FACTOR + CROP]


def crop(pictures: Pictures, index: int, top: int, left: int) -> np.ndarray[Any, Any]:
    """The crop of a training picture at this corner, in latents: uint8, (128, 128, 3)."""
    return pictures.pixels[index, top * FACTOR : top * FACTOR + CROP, left * FACTOR : left * FACTOR + CROP]


def crops(pictures: Pictures, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of crops (n, 3, 128, 128) and each pixel's weight (n, 1, 128, 128)."""
    corners = [corner(rng) for _ in range(BATCH)]
    indices = rng.integers(0, len(pictures.pixels), BATCH)
    pixels = [crop(pictures, index, *at) for index, at in zip(indices, corners, strict=True)]
    return to_tensor(np.stack(pixels)), stacked_weights(corners)


def stacked_weights(corners: list[tuple[int, int]]) -> torch.Tensor:
    return torch.from_numpy(np.stack([weights(*at) for at in corners])).to(device()).permute(0, 3, 1, 2)


def slopes(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return picture[..., :, 1:] - picture[..., :, :-1], picture[..., 1:, :] - picture[..., :-1, :]


def pixel_loss(painted: torch.Tensor, picture: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """How far the painted lies from the picture, (n, 3, h, w) each: edges and heavy pixels count for more."""
    across, down = slopes(picture)
    edge = F.pad(across.abs(), (0, 1)) + F.pad(down.abs(), (0, 0, 0, 1))
    near_edge = F.avg_pool2d(edge.mean(1, keepdim=True), 9, 1, 4)
    weight = weight * (0.4 + 8 * near_edge.clamp(max=0.25))
    error = ((painted - picture).abs() * weight).mean()
    return error + 0.5 * sum((a - b).abs().mean() for a, b in zip(slopes(painted), slopes(picture), strict=True))


def loss_of(model: AutoencoderTiny, picture: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, float]:
    """The weighted loss, and the plain mean squared error of the batch."""
    with half_precision():
        latents = model.encoder(picture).float()
        painted = model.decoder(latents + LATENT_NOISE * torch.randn_like(latents)).float()
    outliers = F.relu(latents.abs() - 2.5).pow(2).mean() + 0.01 * (latents.pow(2).mean() - 1).pow(2)
    return pixel_loss(painted, picture, weight) + 0.01 * outliers, (painted - picture).pow(2).mean().item()


def psnr(error: float) -> float:
    return float(10 * np.log10(4 / error))


@torch.no_grad()
def check(model: AutoencoderTiny, pictures: Pictures) -> dict[str, float]:
    """What the model does to whole pictures: PSNR, and the latents' spread (its inverse is the scaling factor)."""
    errors, spreads = [], []
    for start in range(0, CHECK_PICTURES, 8):
        picture = to_tensor(np.asarray(pictures.pixels[start : start + 8]))
        latents = model.encoder(picture)
        errors.append((model.decoder(latents).clamp(-1, 1) - picture).pow(2).mean().item())
        spreads.append(latents.std().item())
    return {"psnr": psnr(float(np.mean(errors))), "spread": float(np.mean(spreads))}


def export(average: Average, pictures: Pictures, folder: Path) -> None:
    """Write the averaged model as a diffusers folder in half precision, its scaling factor measured."""
    model = build()
    model.load_state_dict(average.values)
    figures = check(model, pictures)
    model.register_to_config(scaling_factor=round(1 / figures["spread"], 4))
    save(model, folder)
    print(f"autoencoder in {folder}: PSNR {figures['psnr']:.2f} dB, latent spread {figures['spread']:.3f}")


def save(model: AutoencoderTiny, folder: Path) -> None:
    """Write the model as a diffusers folder in half precision."""
    model.half().save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config.pop("block_out_channels", None)  # derived by the class, which warns when it is told
    config.pop("_name_or_path", None)  # where it lay on the machine that trained it
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    pictures = Pictures(arguments.out, arguments.pictures, moments=False)
    model = build()
    if arguments.init:
        model.load_state_dict(AutoencoderTiny.from_pretrained(arguments.init).state_dict())
    model.encoder.requires_grad_(not arguments.decoder_only)
    average = Average(model, 0.998)
    optimizer = Muon(model, PEAK_RATE)
    parts: dict[str, Any] = {"model": model, "average": average, "optimizer": optimizer}
    name = "decoder" if arguments.decoder_only else "autoencoder"
    run = Run(arguments.out / f"{name}.pt", Budget(arguments.steps, arguments.minutes), parts)
    rng = np.random.default_rng([arguments.seed, run.budget.done])
    for figures in run.steps("autoencoder"):
        set_rate(optimizer, run.budget.rate(PEAK_RATE))
        loss, error = loss_of(model, *crops(pictures, rng))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update()
        figures.update(loss=loss.item(), psnr=psnr(error))
    export(average, pictures, arguments.out / "generator" / "vae")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("training"), help="pictures, checkpoint and result")
    parser.add_argument("--init", type=Path, help="start from the autoencoder in this folder")
    parser.add_argument(
        "--decoder-only", action="store_true", help="leave the latents, and so the painter, as they are"
    )
    parser.add_argument("--pictures", type=int, default=24_576, help="scenes drawn for training")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
