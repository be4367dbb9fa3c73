"""Which picture models a node uses: three presets by name, and how each known generator wants to be run.

A model is named by a folder or by a hub id ("owner/name"); `Captioner` and `Generator` load both alike.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from protocol.errors import NodeError

EMBEDDED = Path(__file__).parent / "embedded"
"""The model folders that come with the package."""

RECIPE_FILE = "pictophone.json"
"""In a generator's folder: how to run it, e.g. {"steps": 4, "guidance": 1.0, "size": 256}."""

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
"""What the hub accepts as a name: at most one slash."""

LARGEST_SIDE = 2048
MOST_STEPS = 100
"""Bounds on a recipe: beyond these a picture costs minutes and gigabytes, which no call waits for."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a generator paints: `steps` of the sampler, guidance scale (0 or 1: none), side in pixels,
    the tiny autoencoder that replaces the pipeline's own (hub id or None), and the number type on a GPU."""

    steps: int = 4
    guidance: float = 1.0
    size: int = 512
    tiny_autoencoder: str | None = None
    gpu_dtype: str = "float16"

    def __post_init__(self) -> None:
        if not (1 <= self.steps <= MOST_STEPS and 8 <= self.size <= LARGEST_SIDE and 0 <= self.guidance <= 100):
            raise NodeError(f"a generator cannot be run with {self}: see {RECIPE_FILE!r} in its folder")


@dataclass(frozen=True, slots=True)
class Preset:
    """A captioner and a generator that go together."""

    name: str
    captioner: str
    generator: str
    about: str


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "embedded",
            captioner=str(EMBEDDED / "captioner"),
            generator=str(EMBEDDED / "generator"),
            about="comes with the package; knows the scenes that the project draws, no photos",
        ),
        Preset(
            "photo-cpu",
            captioner="Salesforce/blip-image-captioning-base",
            generator="IDKiro/sdxs-512-0.9",
            about="photos without a GPU: seconds a picture",
        ),
        Preset(
            "photo-gpu",
            captioner="florence-community/Florence-2-base",
            generator="SimianLuo/LCM_Dreamshaper_v7",
            about="photos on a GPU: several pictures a second",
        ),
    )
}

RECIPES = {
    "IDKiro/sdxs-512-0.9": Recipe(steps=1, guidance=0.0),
    "SimianLuo/LCM_Dreamshaper_v7": Recipe(steps=4, guidance=8.0, tiny_autoencoder="madebyollin/taesd"),
    "stabilityai/sd-turbo": Recipe(steps=1, guidance=0.0, tiny_autoencoder="madebyollin/taesd"),
    "black-forest-labs/FLUX.2-klein-4B": Recipe(steps=4, guidance=1.0, gpu_dtype="bfloat16"),
}
"""By hub id, from the models' own pages. LCM takes its guidance as a number in the network: 8 costs no second pass."""


def preset(name: str) -> Preset:
    """The preset of that name; NodeError names those there are."""
    if name not in PRESETS:
        raise NodeError(f"no models {name!r}: choose one of {', '.join(PRESETS)}, or name a folder or a hub id")
    return PRESETS[name]


def is_folder(model: str) -> bool:
    """Whether the name is that of a folder that exists: then nothing about it is looked up on the network."""
    return Path(model).expanduser().is_dir()


def check_name(model: str) -> None:
    """NodeError unless the name is a folder that exists or could be a hub id."""
    looks_like_path = Path(model).is_absolute() or model.startswith((".", "~"))
    if not is_folder(model) and (looks_like_path or not HUB_ID.fullmatch(model)):
        raise NodeError(f"no model folder {model!r}: check the path, or name a preset ({', '.join(PRESETS)})")


def recipe(generator: str) -> Recipe:
    """How to run that generator: its folder's RECIPE_FILE, else the table's entry, else the defaults.

    Raises NodeError when the file is there and holds anything else than a recipe.
    """
    path = Path(generator).expanduser() / RECIPE_FILE
    if is_folder(generator) and path.is_file():
        return _read_recipe(path)
    return RECIPES.get(generator, Recipe())


def _read_recipe(path: Path) -> Recipe:
    try:
        settings: Any = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Recipe)}
        return Recipe(**{key: value for key, value in settings.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise NodeError(f"cannot use {str(path)!r} ({error}): it holds steps, guidance and size") from error
