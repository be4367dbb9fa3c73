"""What the two training scripts share: rendered scenes on disk, a budget in steps or minutes, checkpoints, export.

The data is what the scene camera draws (`node.vision.scenes`) and nothing else. Scenes whose combination of
attributes is held out are skipped here, in one place, so that no script can train on one by mistake.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import PreTrainedTokenizerFast

from node.vision.loading import multiplies_bfloat16
from node.vision.scenes import Scene, draw, held_out, sample

SIZE = 256
CLIP_SECONDS = 10.0  # a training picture shows its scene at a random moment of its first seconds
HELD_OUT_SEEDS = 10_000_000  # seeds from here on are for measuring only
RENDER_CHUNK = 256


def training_seeds() -> Iterator[int]:
    """Seeds of the scenes that may be trained on, in order, without end."""
    return (seed for seed in count() if not held_out(sample(seed)))


def unseen_scenes(number: int) -> list[Scene]:
    """The first `number` scenes whose combination of attributes is held out: what figures are measured on."""
    scenes = (sample(seed) for seed in count(HELD_OUT_SEEDS))
    return list(islice((scene for scene in scenes if held_out(scene)), number))


def any_moment(seed: int) -> float:
    """A moment for the picture of a seed: what the captioner is shown."""
    return random.Random(seed).uniform(0, CLIP_SECONDS)


def _render_chunk(moments: bool, seeds: list[int]) -> bytes:
    pictures = [np.asarray(draw(sample(seed), any_moment(seed) if moments else 0.0, SIZE)) for seed in seeds]
    return np.stack(pictures).tobytes()


class Pictures:
    """`number` rendered scenes in a folder, made when they are not there yet: uint8, (number, 256, 256, 3).

    With `moments`, each at a moment of its own; else all at their first, eyes open and hands at rest: no caption tells
    the moment, and a painter that was shown several would paint something between them.
    """

    def __init__(self, folder: Path, number: int, *, moments: bool) -> None:
        self.seeds = list(islice(training_seeds(), number))
        self.scenes = [sample(seed) for seed in self.seeds]
        self._moments = moments
        path = folder / f"{'moments' if moments else 'stills'}-{number}.npy"
        if not path.exists():
            self._render(path)
        self.pixels = np.load(path, mmap_mode="r")

    def _render(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.npy")
        shape = (len(self.seeds), SIZE, SIZE, 3)
        pixels = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
        chunks = [self.seeds[i : i + RENDER_CHUNK] for i in range(0, len(self.seeds), RENDER_CHUNK)]
        with ProcessPoolExecutor(os.cpu_count()) as pool, bar() as progress:
            at = 0
            for done in progress.track(
                pool.map(partial(_render_chunk, self._moments), chunks), len(chunks), description="drawing"
            ):
                block = np.frombuffer(done, np.uint8).reshape(-1, SIZE, SIZE, 3)
                pixels[at : at + len(block)] = block
                at += len(block)
        pixels.flush()
        unfinished.rename(path)


def bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, refresh_per_second=1)


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision() -> torch.autocast:
    """bfloat16 where it pays: twice as quick as float32 on a CPU with AVX-512 BF16, and on every GPU; else nothing."""
    pays = device().type != "cpu" or multiplies_bfloat16()
    return torch.autocast(device().type, torch.bfloat16, enabled=pays)


@dataclass
class Budget:
    """How long a run lasts: a number of steps or of minutes, whichever ends first. Kept in the checkpoint."""

    steps: int
    minutes: float
    done: int = 0
    spent: float = 0.0  # seconds, over all the sessions of the run

    @property
    def progress(self) -> float:
        """From 0 to 1; learning rates follow it, so that they end low however the run is limited."""
        return min(1.0, max(self.done / self.steps, self.spent / 60 / self.minutes))

    def rate(self, peak: float, warm_up: int = 200) -> float:
        """A linear warm-up, then half a cosine down to a hundredth of the peak."""
        warm = min(1.0, (self.done + 1) / warm_up)
        return peak * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.progress)))


class Run:
    """One training run: the parts to be saved, the budget, the log line, the checkpoint."""

    def __init__(self, path: Path, budget: Budget, parts: dict[str, Any], *, save_every: float = 180.0) -> None:
        self.path, self.budget, self.parts, self.save_every = path, budget, parts, save_every
        if path.exists():
            self._load()

    def _load(self) -> None:
        saved = torch.load(self.path, map_location=device(), weights_only=True)
        for name, part in self.parts.items():
            part.load_state_dict(saved[name])
        self.budget.done, self.budget.spent = saved["done"], saved["spent"]

    def save(self) -> None:
        state = {name: part.state_dict() for name, part in self.parts.items()}
        state |= {"done": self.budget.done, "spent": self.budget.spent}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self.path)

    def steps(self, name: str, every: int = 25) -> Iterator[dict[str, float]]:
        """Count the steps of the budget; each yields a dict for the step's figures, shown as running means."""
        shown: dict[str, float] = {}
        last = saved = time.monotonic()
        with bar() as progress:
            task = progress.add_task(name, total=1.0, completed=self.budget.progress)
            while self.budget.progress < 1.0:
                figures: dict[str, float] = {}
                yield figures
                for key, value in figures.items():
                    shown[key] = shown.get(key, value) * 0.98 + value * 0.02
                now = time.monotonic()
                self.budget.done += 1
                self.budget.spent += now - last
                last = now
                line = " ".join(f"{key} {value:.4f}" for key, value in shown.items())
                progress.update(task, completed=self.budget.progress, description=f"{name} {line}")
                if self.budget.done % every == 0:
                    print(f"{name} step {self.budget.done} {self.budget.spent / 60:.1f} min {line}", flush=True)
                if now - saved > self.save_every:
                    self.save()
                    saved = now
        self.save()


class Average:
    """An exponential moving average of a module's parameters and buffers: what is measured and shipped."""

    def __init__(self, module: torch.nn.Module, decay: float = 0.999) -> None:
        self.module, self.decay, self.updates = module, decay, 0
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in self.module.state_dict().items():
            if value.dtype.is_floating_point:
                self.values[name].lerp_(value, 1 - decay)
            else:
                self.values[name].copy_(value)

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values, "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.values, self.updates = state["values"], state["updates"]


# What names of weights with a row for each token have in them: CLIP's, GPT-2's, and the head that is tied to them.
TOKEN_TABLES = ("token_embedding", "wte", "lm_head")


def carry_over(
    model: torch.nn.Module,
    earlier: dict[str, torch.Tensor],
    tokenizer: PreTrainedTokenizerFast,
    earlier_tokenizer: PreTrainedTokenizerFast,
) -> None:
    """Load weights that were trained with another vocabulary and fewer positions.

    A token's embedding is that of the same token, else the mean of those that the earlier tokenizer splits it into. A
    table of positions keeps its first rows; the others are as they were initialised.
    """
    state = model.state_dict()
    for name, value in earlier.items():
        is_of_tokens = any(part in name for part in TOKEN_TABLES)
        if state[name].shape == value.shape and not is_of_tokens:
            state[name].copy_(value)
        elif not is_of_tokens:
            rows = min(len(value), len(state[name]))
            state[name][:rows] = value[:rows]
        else:
            state[name].copy_(_embeddings(value, tokenizer, earlier_tokenizer))
    model.load_state_dict(state)


def _embeddings(
    earlier: torch.Tensor, tokenizer: PreTrainedTokenizerFast, earlier_tokenizer: PreTrainedTokenizerFast
) -> torch.Tensor:
    known = earlier_tokenizer.get_vocab()
    rows = torch.empty(len(tokenizer), earlier.shape[1])
    for token, index in tokenizer.get_vocab().items():
        if token in known:
            rows[index] = earlier[known[token]]
        else:
            text = tokenizer.convert_tokens_to_string([token])
            parts = earlier_tokenizer(text, add_special_tokens=False).input_ids
            rows[index] = earlier[parts].mean(0) if parts else earlier.mean(0)
    return rows


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def to_tensor(pixels: np.ndarray[Any, Any]) -> torch.Tensor:
    """uint8 pictures (n, h, w, 3) to (n, 3, h, w) from -1 to 1, channels last in memory."""
    picture = torch.tensor(pixels).to(device()).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    return picture.contiguous(memory_format=torch.channels_last)
