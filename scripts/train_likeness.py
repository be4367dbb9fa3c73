#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Fit the embedded captioner's likeness head: from its encoder's features to what no caption says of a person.

The captioner's encoder saw scenes in order to name them, and where a face is, how large and how tilted is in its
features all the same: a ridge regression (Hoerl and Kennard 1970) reads it, in closed form, from some thousand drawn
people, each changed a little in exposure and sharpness as in the captioner's own training. The penalty is the one that
is best on people set aside. The head is written into the captioner's folder, and measured on combinations of attributes
that nothing was trained on: the mean absolute error and R2 of each number, and the skin's as `drawn_skin` reads it from
the pixels, which is what the node uses.

    scripts/train_likeness.py --captioner node/vision/embedded/captioner
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields
from itertools import count, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import track
from safetensors.numpy import save
from train_captioner import seen_small, varied
from train_common import any_moment, device, to_tensor, training_seeds
from transformers import VisionEncoderDecoderModel

from node.vision.likeness import HEAD_FILE, drawn_skin
from node.vision.presets import preset
from node.vision.scenes import Person, Scene, Variation, draw, held_out, sample, variation_of

BATCH = 32
UNSEEN_SEEDS = 11_000_000  # of the scenes for measuring: far from those that the captioner is measured on
SET_ASIDE = 0.15  # of the people, to choose the penalty by
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # in mean squares of a picture's features

Floats = npt.NDArray[np.float32]


def people(seeds: Iterable[int]) -> Iterator[tuple[int, Scene]]:
    """The scenes of these seeds that show a person."""
    return (
        (seed, scene) for seed, scene in ((seed, sample(seed)) for seed in seeds) if isinstance(scene.subject, Person)
    )


@torch.inference_mode()
def features(folder: Path, chosen: list[tuple[int, Scene]], *, vary: bool) -> tuple[Floats, Floats]:
    """The encoder's features of each scene, and its five numbers: (n, features), (n, 5)."""
    model = VisionEncoderDecoderModel.from_pretrained(folder, dtype=torch.float32).to(device()).eval()
    seen = []
    starts = range(0, len(chosen), BATCH)
    for start in track(starts, "looking", console=Console(stderr=True)):
        batch = chosen[start : start + BATCH]
        pixels = np.stack([np.asarray(draw(scene, any_moment(seed))) for seed, scene in batch])
        picture = seen_small(to_tensor(pixels))
        state = model.encoder(varied(picture) if vary else picture).last_hidden_state
        seen.append(state.flatten(1).cpu().numpy())
    return np.concatenate(seen), np.array([astuple(variation_of(scene)) for _, scene in chosen], np.float32)


def fit(seen: Floats, numbers: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Weights and bias of the ridge regression, by its dual: there are more features than pictures."""
    mean, middle = seen.mean(0), numbers.mean(0)
    centred = seen - mean
    alike = centred @ centred.T
    alike[np.diag_indices_from(alike)] += penalty * np.trace(alike) / len(alike)
    weights = centred.T @ np.linalg.solve(alike, numbers - middle)
    return weights, middle - mean @ weights


def best_penalty(seen: Floats, numbers: Floats) -> float:
    """The penalty whose error is least on the people set aside."""
    aside = int(len(seen) * SET_ASIDE)

    def error(penalty: float) -> float:
        weights, bias = fit(seen[aside:], numbers[aside:], penalty)
        return float(((seen[:aside] @ weights + bias - numbers[:aside]) ** 2).mean())

    return min(PENALTIES, key=error)


def report(weights: Floats, bias: Floats, seen: Floats, numbers: Floats) -> None:
    """Print what each number is worth on pictures that the head was not fitted to."""
    errors = np.clip(seen @ weights + bias, 0, 1) - numbers
    for index, field in enumerate(fields(Variation)):
        score = 1 - float((errors[:, index] ** 2).mean() / numbers[:, index].var())
        print(f"{field.name:10} MAE {np.abs(errors[:, index]).mean():.3f}  R2 {score:.3f}")


def report_pixels(chosen: list[tuple[int, Scene]]) -> None:
    """Print what the skin is worth that is read from the pixels."""
    read = [
        (drawn_skin(draw(scene, any_moment(seed)), scene.light), variation_of(scene).skin) for seed, scene in chosen
    ]
    errors = [abs(seen - skin) for seen, skin in read if seen is not None]
    print(f"{'by pixels':10} MAE {np.mean(errors):.3f}  none read of {len(read) - len(errors)} in {len(read)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captioner", type=Path, default=Path(preset("embedded").captioner), help="its folder")
    parser.add_argument("--people", type=int, default=2500, help="drawn people to fit to")
    parser.add_argument("--unseen", type=int, default=500, help="drawn people to measure on")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    fitted_to = list(islice(people(training_seeds()), arguments.people))
    unseen = (seed for seed in count(UNSEEN_SEEDS) if held_out(sample(seed)))
    measured_on = list(islice(people(unseen), arguments.unseen))
    seen, numbers = features(arguments.captioner, fitted_to, vary=True)
    weights, bias = fit(seen, numbers, best_penalty(seen, numbers))
    head = {"weights": weights.astype(np.float16), "bias": bias.astype(np.float16)}
    (arguments.captioner / HEAD_FILE).write_bytes(save(head))
    report(weights, bias, *features(arguments.captioner, measured_on, vary=False))
    report_pixels(measured_on)


if __name__ == "__main__":
    main()
