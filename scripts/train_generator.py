#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Train the embedded generator: from a caption to the latents of a picture, in two steps of diffusion.

The second stage; `train_autoencoder.py` is the first and leaves its result in OUT/generator/vae. A U-Net on 16 x 16
latents and a small CLIP text encoder are trained together, as the parts of a stock `StableDiffusionPipeline`:
v-prediction, zero terminal signal-to-noise ratio (Lin et al. 2023, arXiv:2305.08891), trailing timesteps, no guidance.

Pure noise and words leave open where the subject stands and its skin tone, and a step from there paints the mean of
all that is possible: a blur, which diffusion needs many steps to resolve. Here noise and picture are coupled instead:
the means of the first three channels of the noise are those three unnamed numbers (see `coupled`), so that a noise
has one picture, and one step finds it. The seed then means the same for every caption: who changes from smiling
to waving stays where they are. The second step, which looks (side information) also start from, refines.

    scripts/train_generator.py --minutes 120 --out training
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from muon import Muon
from PIL import Image
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from train_common import (
    SIZE,
    Average,
    Budget,
    Pictures,
    Run,
    bar,
    carry_over,
    device,
    half_precision,
    set_rate,
    to_tensor,
    unseen_scenes,
)
from transformers import (
    AutoProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderModel,
)

from node.vision.scenes import (
    Person,
    Scene,
    Variation,
    attributes,
    attributes_of,
    caption,
    draw,
    phrasings,
    variation_of,
)

STEPS = 2
GRID = 16  # latents on a side
TEXT_WIDTH = 192
VOCABULARY = 1024
LONGEST = 64  # tokens; the longest wording of a scene has about 55
CHANNELS = (128, 160)
BATCH = 32
PEAK_RATE = 1.5e-3
FIRST_SHARE = 0.75  # of the training steps, on pure noise: the first of the two sampling steps
CHECK_SCENES = 128
SHEET = 16  # pictures on the sheet that is saved for the eye
PAD, START, END = "<pad>", "<s>", "</s>"


def train_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level byte pair encoding: one token for a word of the world, and no text it cannot take."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[PAD, START, END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(START, tokenizer.token_to_id(START)), (END, tokenizer.token_to_id(END))],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, bos_token=START, eos_token=END, model_max_length=LONGEST
    )


class Painter(torch.nn.Module):
    """What is trained: the text encoder and the U-Net."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        super().__init__()
        self.text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer),
                hidden_size=TEXT_WIDTH,
                intermediate_size=TEXT_WIDTH * 3,
                num_hidden_layers=3,
                num_attention_heads=6,
                max_position_embeddings=LONGEST,
                pad_token_id=tokenizer.pad_token_id,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                projection_dim=TEXT_WIDTH,
            )
        )
        self.unet = UNet2DConditionModel(
            sample_size=GRID,
            in_channels=16,
            out_channels=16,
            layers_per_block=1,
            block_out_channels=CHANNELS,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=TEXT_WIDTH,
            attention_head_dim=4,
            use_linear_projection=True,
            addition_embed_type="text",  # the sentence as a whole, besides its words: place and light at once
            addition_embed_type_num_heads=6,
        )
        self.to(device())

    def start_from(self, folder: Path, tokenizer: PreTrainedTokenizerFast) -> None:
        """Take the weights of the generator in this folder, whose tokenizer may be another one."""
        earlier = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
        known = PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer")
        carry_over(self.text, earlier.state_dict(), tokenizer, known)
        unet = UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
        self.unet.load_state_dict(unet.state_dict())

    def load(self, folder: Path) -> None:
        """Take the weights of the generator in this folder."""
        self.text.load_state_dict(CLIPTextModel.from_pretrained(folder / "text_encoder").state_dict())
        self.unet.load_state_dict(UNet2DConditionModel.from_pretrained(folder / "unet").state_dict())

    def forward(self, noisy: torch.Tensor, times: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        with half_precision():
            words = self.text(tokens).last_hidden_state
            return self.unet(noisy, times, words).sample.float()


def scheduler() -> DDIMScheduler:
    return DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
    )


def autoencoder(out: Path) -> AutoencoderTiny:
    model = AutoencoderTiny.from_pretrained(out / "generator" / "vae", dtype=torch.float32)
    return model.to(device(), memory_format=torch.channels_last).eval()


@torch.inference_mode()
def latents_of(pictures: Pictures, vae: AutoencoderTiny, path: Path) -> torch.Tensor:
    """Every training picture's latents, scaled to unit spread: float16, (n, 16, 16, 16). Kept in a file."""
    if not path.exists():
        parts = []
        with bar() as progress:
            for start in progress.track(range(0, len(pictures.seeds), 32), description="encoding"):
                with half_precision():
                    coded = vae.encoder(to_tensor(np.asarray(pictures.pixels[start : start + 32])))
                parts.append((coded.float() * vae.config.scaling_factor).half().cpu())
        torch.save(torch.cat(parts), path)
    return torch.load(path, weights_only=True).to(device())


def normal_scores(scenes: list[Scene]) -> torch.Tensor:
    """What no caption tells of the scenes, each number as a normally distributed one: (n, 3)."""
    even = torch.tensor([astuple(variation_of(scene)) for scene in scenes])
    return torch.special.ndtri(even.clamp(0.001, 0.999))


def coupled(noise: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """The noise (n, 16, 16, 16) with the means of its first channels replaced by these scores (n, 3).

    The mean of a channel of standard normal noise is itself normal, with a spread of 1/16: what comes out is
    distributed as what went in.
    """
    count = scores.shape[1]
    means = noise[:, :count].mean((2, 3))
    shift = torch.zeros(noise.shape[:2], device=noise.device)
    shift[:, :count] = scores / GRID - means
    return noise + shift[:, :, None, None]


def noise_levels(count: int, levels: torch.Tensor) -> torch.Tensor:
    """Timesteps to train on: those of the two sampling steps."""
    first, second = levels
    return torch.where(torch.rand(count) < FIRST_SHARE, first, second).to(device())


def tokens_of(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> torch.Tensor:
    coded = tokenizer(texts, padding="max_length", max_length=LONGEST, truncation=True, return_tensors="pt")
    return coded.input_ids.to(device())


def pipeline(painter: Painter, tokenizer: PreTrainedTokenizerFast, vae: AutoencoderTiny) -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=painter.text,
        tokenizer=tokenizer,
        unet=painter.unet,
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def export(average: Average, tokenizer: PreTrainedTokenizerFast, out: Path) -> Path:
    """Write the averaged model as one diffusers folder in half precision, with the settings it was made for."""
    painter = Painter(tokenizer)
    painter.load_state_dict(average.values)
    folder, unfinished = out / "generator", out / "generator.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    pipeline(painter.half(), tokenizer, autoencoder(out).half()).save_pretrained(unfinished)
    for path in unfinished.rglob("config.json"):
        config = json.loads(path.read_text())
        config.pop("_name_or_path", None)  # where the part lay on the machine that trained it
        path.write_text(json.dumps(config, indent=2) + "\n")
    coupled_numbers = len(fields(Variation))
    settings = {"steps": STEPS, "guidance": 1.0, "size": SIZE, "grammar": "scenes", "coupled": coupled_numbers}
    (unfinished / "pictophone.json").write_text(json.dumps(settings) + "\n")
    shutil.rmtree(folder)
    unfinished.rename(folder)
    return folder


def paint(folder: Path, texts: list[str]) -> list[Image.Image]:
    """One picture a text, as a user of the folder would paint it, the seed being the text's index."""
    painter = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32).to(device())
    painter.set_progress_bar_config(disable=True)
    pictures: list[Image.Image] = []
    for start in range(0, len(texts), 16):
        batch = texts[start : start + 16]
        seeds = [torch.Generator().manual_seed(start + index) for index in range(len(batch))]
        pictures += painter(
            batch, num_inference_steps=STEPS, guidance_scale=1.0, height=SIZE, width=SIZE, generator=seeds
        ).images
    return pictures


@torch.inference_mode()
def check(folder: Path, captioner: Path, scenes: list[Scene], sheet: Path) -> dict[str, float]:
    """Caption, picture, caption again: which attributes survive, on combinations never trained on."""
    painted = paint(folder, [caption(scene) for scene in scenes])
    save_sheet(scenes[:SHEET], painted[:SHEET], sheet)
    if not captioner.exists():
        return {}
    processor = AutoProcessor.from_pretrained(captioner)
    model = VisionEncoderDecoderModel.from_pretrained(captioner, dtype=torch.float32).to(device()).eval()
    pixels = processor(images=painted, return_tensors="pt").pixel_values.to(device())
    texts = processor.batch_decode(model.generate(pixel_values=pixels), skip_special_tokens=True)
    kept: dict[str, list[bool]] = {}
    for scene, text in zip(scenes, texts, strict=True):
        told = attributes_of(text)
        for name, value in attributes(scene).items():
            kept.setdefault(name, []).append(told.get(name) == value)
    every = [value for values in kept.values() for value in values]
    return {name: float(np.mean(values)) for name, values in sorted(kept.items())} | {"kept": float(np.mean(every))}


def save_sheet(scenes: list[Scene], painted: list[Image.Image], path: Path) -> None:
    """Drawn above, painted below, in rows of eight."""
    sheet = Image.new("RGB", (8 * SIZE, len(scenes) // 8 * 2 * SIZE))
    for index, (scene, picture) in enumerate(zip(scenes, painted, strict=True)):
        x, y = index % 8 * SIZE, index // 8 * 2 * SIZE
        sheet.paste(draw(scene), (x, y))
        sheet.paste(picture, (x, y + SIZE))
    sheet.save(path)


def by_subject(scenes: list[Scene]) -> tuple[list[int], list[int]]:
    """The indices of the scenes with people, and of those with animals and toys."""
    people = [index for index, scene in enumerate(scenes) if isinstance(scene.subject, Person)]
    return people, sorted(set(range(len(scenes))) - set(people))


@dataclass(frozen=True)
class Batch:
    """Training pictures by index: their words, noise levels, and what the painter is given and should tell."""

    indices: list[int]
    tokens: torch.Tensor
    times: torch.Tensor
    pure: torch.Tensor  # which of them are noise alone
    noisy: torch.Tensor
    velocity: torch.Tensor


class Batches:
    """Draws batches of training pictures; `animals` is the share of those without people."""

    def __init__(
        self,
        pictures: Pictures,
        latents: torch.Tensor,
        tokenizer: PreTrainedTokenizerFast,
        rng: random.Random,
        animals: float,
    ) -> None:
        self._scenes, self._latents, self._tokenizer = pictures.scenes, latents, tokenizer
        self._people, self._creatures = by_subject(pictures.scenes)
        self._scores = normal_scores(pictures.scenes).to(device())
        self._rng, self._animals = rng, animals
        self.schedule = scheduler()
        self.schedule.set_timesteps(STEPS)

    def draw(self, size: int) -> Batch:
        rng = self._rng
        indices = [rng.choice(self._creatures if rng.random() < self._animals else self._people) for _ in range(size)]
        tokens = tokens_of(self._tokenizer, [phrasings(self._scenes[index], rng) for index in indices])
        clean = self._latents[indices].float()
        times = noise_levels(size, self.schedule.timesteps)
        # A start that is no pure noise shows by itself where things are, and a look's has no noise of its own.
        pure = times == self.schedule.timesteps[0]
        noise = torch.randn_like(clean)
        noise = torch.where(pure[:, None, None, None], coupled(noise, self._scores[indices]), noise)
        noisy = self.schedule.add_noise(clean, noise, times)
        return Batch(indices, tokens, times, pure, noisy, self.schedule.get_velocity(clean, noise, times))


def optimise(run: Run, painter: Painter, batches: Batches, size: int, peak_rate: float) -> None:
    """Train on batches of this size until the budget is spent."""
    optimizer, average = run.parts["optimizer"], run.parts["average"]
    for figures in run.steps("generator"):
        set_rate(optimizer, run.budget.rate(peak_rate))
        batch = batches.draw(size)
        told = painter(batch.noisy, batch.times, batch.tokens)
        loss = F.mse_loss(told, batch.velocity)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(painter.parameters(), 1.0)
        optimizer.step()
        average.update()
        figures.update(loss=loss.item(), first=F.mse_loss(told[batch.pure], batch.velocity[batch.pure]).item())


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    out = arguments.out
    pictures = Pictures(out, arguments.pictures, moments=False)
    rng = random.Random(arguments.seed)
    tokenizer = train_tokenizer([phrasings(scene, rng) for scene in pictures.scenes])
    painter = Painter(tokenizer)
    if arguments.init:
        painter.start_from(arguments.init, tokenizer)
    average = Average(painter, 0.998)
    parts: dict[str, Any] = {"painter": painter, "average": average, "optimizer": Muon(painter, PEAK_RATE)}
    run = Run(out / "generator.pt", Budget(arguments.steps, arguments.minutes), parts)
    if not arguments.check:
        latents = latents_of(pictures, autoencoder(out), out / "latents.pt")
        rng = random.Random(f"{arguments.seed}-{run.budget.done}")
        batches = Batches(pictures, latents, tokenizer, rng, arguments.animals)
        optimise(run, painter, batches, arguments.batch, arguments.rate)
    folder = export(average, tokenizer, out)
    for name, value in check(folder, out / "captioner", unseen_scenes(CHECK_SCENES), out / "sheet.png").items():
        print(f"{name:12} {value:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("training"), help="pictures, checkpoints and result")
    parser.add_argument("--init", type=Path, help="start from the generator in this folder")
    parser.add_argument("--pictures", type=int, default=24_576, help="scenes drawn for training")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--batch", type=int, default=BATCH, help="pictures a step")
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="of learning; a quarter for what is trained on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--animals", type=float, default=0.5, help="their share of the training: they are learnt last")
    parser.add_argument("--check", action="store_true", help="export and measure the checkpoint, without training")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
