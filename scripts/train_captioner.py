#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Train the embedded captioner: a picture to the canonical caption of its scene.

A SegFormer encoder (overlapping convolutions and attention; quick on a CPU and quick to learn) and a two-layer
GPT-2 decoder with cross attention, as a stock `VisionEncoderDecoderModel`. Tokens may span words ("with long brown
hair"), so that a caption takes about ten steps to write. A linear head that names the attributes helps the encoder to
learn, and is not shipped.

    scripts/train_captioner.py --minutes 60 --out training
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from muon import Muon
from PIL import Image
from tokenizers import Tokenizer, decoders, models, trainers
from train_common import (
    Average,
    Budget,
    Pictures,
    Run,
    carry_over,
    device,
    half_precision,
    set_rate,
    to_tensor,
    unseen_scenes,
)
from transformers import (
    AutoProcessor,
    GenerationConfig,
    GPT2Config,
    PreTrainedTokenizerFast,
    SegformerConfig,
    TrOCRProcessor,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTImageProcessor,
)

from node.vision.scenes import Scene, attributes, attributes_of, caption, draw

VIEW = 160  # what the captioner looks at: an eye is still ten pixels wide, at 0.4 of the cost of 256
TOKENS = 25  # of the encoder: VIEW / 32, squared
WIDTH = 256
VOCABULARY = 1024
LONGEST = 40  # tokens of a caption; the longest has about half of that
BATCH = 32
PEAK_RATE = 1.5e-3
HEAD_WEIGHT = 0.3
CHECK_SCENES = 256
PAD, START, END, UNKNOWN = "<pad>", "<s>", "</s>", "<unk>"


def train_tokenizer(captions: list[str]) -> PreTrainedTokenizerFast:
    """Byte pair encoding over whole captions, spaces included: frequent phrases become one token."""
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.decoder = decoders.Fuse()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[PAD, START, END, UNKNOWN], show_progress=False)
    tokenizer.train_from_iterator(captions, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, bos_token=START, eos_token=END, unk_token=UNKNOWN
    )


def build(tokenizer: PreTrainedTokenizerFast) -> VisionEncoderDecoderModel:
    encoder = SegformerConfig(
        num_encoder_blocks=3,
        hidden_sizes=[32, 96, WIDTH],
        depths=[1, 2, 3],
        patch_sizes=[7, 7, 3],
        strides=[4, 4, 2],
        sr_ratios=[8, 2, 1],
        num_attention_heads=[1, 3, 8],
        mlp_ratios=[2, 2, 2],
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        drop_path_rate=0.0,
        reshape_last_stage=False,  # tokens, not a map: what the decoder attends to
        hidden_size=WIDTH,  # SegFormer has a list of sizes; the encoder-decoder asks for this one
    )
    decoder = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=64,
        n_embd=WIDTH,
        n_layer=2,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        is_decoder=True,
        add_cross_attention=True,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id = tokenizer.bos_token_id
    config.pad_token_id = tokenizer.pad_token_id
    config.eos_token_id = tokenizer.eos_token_id
    model = VisionEncoderDecoderModel(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=tokenizer.bos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        max_new_tokens=LONGEST,
        do_sample=False,
    )
    return model.to(device())


class Labels:
    """What each training picture shows: caption tokens (n, LONGEST), and a class per attribute (n, attributes)."""

    def __init__(self, scenes: list[Scene], tokenizer: PreTrainedTokenizerFast) -> None:
        coded = tokenizer([caption(scene) + END for scene in scenes], padding="max_length", max_length=LONGEST)
        self.tokens = torch.tensor(coded["input_ids"], device=device())
        told = [attributes(scene) for scene in scenes]
        self.names = sorted({name for one in told for name in one})
        values = {name: sorted({one[name] for one in told if name in one}) for name in self.names}
        self.sizes = [len(values[name]) for name in self.names]
        rows = [[values[n].index(one[n]) if n in one else -100 for n in self.names] for one in told]
        self.classes = torch.tensor(rows, device=device())


def loss_of(
    model: VisionEncoderDecoderModel,
    head: torch.nn.Linear,
    picture: torch.Tensor,
    tokens: torch.Tensor,
    classes: torch.Tensor,
    sizes: list[int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """The caption's cross entropy, and the attribute head's."""
    pad = model.config.pad_token_id
    start = torch.full_like(tokens[:, :1], model.config.decoder_start_token_id)
    longest = int((tokens != pad).sum(1).max())
    with half_precision():
        seen = model.encoder(picture).last_hidden_state
        fed = torch.cat([start, tokens[:, : longest - 1]], 1)
        said = model.decoder(input_ids=fed, encoder_hidden_states=seen, use_cache=False).logits
        named = head(seen.flatten(1))
    worded = F.cross_entropy(said.float().flatten(0, 1), tokens[:, :longest].flatten(), ignore_index=pad)
    parts = named.float().split(sizes, 1)
    named_loss = torch.stack(
        [F.cross_entropy(part, classes[:, i], ignore_index=-100).nan_to_num() for i, part in enumerate(parts)]
    ).mean()
    return worded, named_loss


def seen_small(picture: torch.Tensor) -> torch.Tensor:
    """The picture as the image processor hands it to the model: bilinear, antialiased."""
    return F.interpolate(picture, (VIEW, VIEW), mode="bilinear", antialias=True)


def varied(picture: torch.Tensor) -> torch.Tensor:
    """Small changes of exposure, some blur and a little noise: a painted picture is never quite a drawn one."""
    count = len(picture)
    coarse = F.interpolate(picture, scale_factor=0.5, mode="bilinear", antialias=True)
    coarse = F.interpolate(coarse, (VIEW, VIEW), mode="bilinear")
    blur = torch.rand(count, 1, 1, 1, device=picture.device).mul(2).sub(1).clamp(min=0)
    gain = 1 + 0.08 * torch.randn(count, 1, 1, 1, device=picture.device)
    shift = 0.06 * torch.randn(count, 3, 1, 1, device=picture.device)
    noise = 0.08 * torch.rand(count, 1, 1, 1, device=picture.device)
    seen = torch.lerp(picture, coarse, blur) * gain + shift + noise * torch.randn_like(picture)
    return seen.contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def check(folder: Path, scenes: list[Scene]) -> dict[str, float]:
    """Attributes named right and captions right as a whole, by the exported model, on scenes never trained on."""
    processor = AutoProcessor.from_pretrained(folder)
    model = VisionEncoderDecoderModel.from_pretrained(folder, dtype=torch.float32).to(device()).eval()
    right: dict[str, list[bool]] = {}
    exact = []
    for start in range(0, len(scenes), 32):
        batch = scenes[start : start + 32]
        pictures: list[Image.Image] = [draw(scene, index * 0.37) for index, scene in enumerate(batch)]
        pixels = processor(images=pictures, return_tensors="pt").pixel_values.to(device())
        texts = processor.batch_decode(model.generate(pixel_values=pixels), skip_special_tokens=True)
        for scene, text in zip(batch, texts, strict=True):
            exact.append(text == caption(scene))
            told = attributes_of(text)
            for name, value in attributes(scene).items():
                right.setdefault(name, []).append(told.get(name) == value)
    figures = {name: float(np.mean(values)) for name, values in sorted(right.items())}
    every = [value for values in right.values() for value in values]
    return figures | {"attributes": float(np.mean(every)), "exact": float(np.mean(exact))}


def export(average: Average, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write the averaged model and its processor as one transformers folder, in half precision."""
    model = build(tokenizer)
    model.load_state_dict(average.values)
    model.half().save_pretrained(folder)
    images = ViTImageProcessor(
        size={"height": VIEW, "width": VIEW},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
        resample=Image.Resampling.BILINEAR,
    )
    TrOCRProcessor(images, tokenizer).save_pretrained(folder)


def optimise(
    run: Run, model: VisionEncoderDecoderModel, head: torch.nn.Linear, pictures: Pictures, labels: Labels, seed: int
) -> None:
    """Train until the budget is spent."""
    optimizer, average = run.parts["optimizer"], run.parts["average"]
    rng = np.random.default_rng([seed, run.budget.done])
    for figures in run.steps("captioner"):
        set_rate(optimizer, run.budget.rate(PEAK_RATE))
        batch = np.sort(rng.integers(0, len(pictures.seeds), BATCH))
        picture = varied(seen_small(to_tensor(pictures.pixels[batch])))
        worded, named = loss_of(model, head, picture, labels.tokens[batch], labels.classes[batch], labels.sizes)
        optimizer.zero_grad(set_to_none=True)
        (worded + HEAD_WEIGHT * named).backward()
        torch.nn.utils.clip_grad_norm_(run.parts["both"].parameters(), 1.0)
        optimizer.step()
        average.update()
        figures.update(words=worded.item(), head=named.item())


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    pictures = Pictures(arguments.out, arguments.pictures, moments=True)
    folder = arguments.out / "captioner"
    tokenizer = train_tokenizer([caption(scene) for scene in pictures.scenes])
    labels = Labels(pictures.scenes, tokenizer)
    model = build(tokenizer)
    if arguments.init:
        earlier = VisionEncoderDecoderModel.from_pretrained(arguments.init, dtype=torch.float32)
        carry_over(model, earlier.state_dict(), tokenizer, PreTrainedTokenizerFast.from_pretrained(arguments.init))
    head = torch.nn.Linear(TOKENS * WIDTH, sum(labels.sizes)).to(device())
    both = torch.nn.ModuleDict({"model": model, "head": head}).train()
    average = Average(model)
    optimizer = Muon(both, PEAK_RATE)
    parts: dict[str, Any] = {"both": both, "average": average, "optimizer": optimizer}
    run = Run(arguments.out / "captioner.pt", Budget(arguments.steps, arguments.minutes), parts)
    if not arguments.check:
        optimise(run, model, head, pictures, labels, arguments.seed)
    export(average, tokenizer, folder)
    for name, value in check(folder, unseen_scenes(CHECK_SCENES)).items():
        print(f"{name:12} {value:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("training"), help="pictures, checkpoint and result")
    parser.add_argument("--init", type=Path, help="start from the captioner in this folder, whatever its words")
    parser.add_argument("--pictures", type=int, default=24_576, help="scenes drawn for training")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="export and measure the checkpoint, without training")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
