"""Presets of picture models, by name, and the recipes to run known generators by.

A model is named by a folder or by a hub id ("owner/name"); `Captioner` and `Generator` load both alike. PERCEPTION is
the one captioner that is neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field, ValidationError

from node.common.files import from_home
from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.common.config import Settings

# The model folders that come with the package.
EMBEDDED = Path(__file__).parent / "embedded"

# The captioner's name that stands for the perception models, which are no model folder and on no hub: a captioner made
# of them speaks in the drawn world's words. A folder of that name is meant only by its path, as in "./people".
PERCEPTION = "people"

# The recipe in a generator's folder, e.g. {"steps": 4, "guidance": 1.0, "size": 256, "grammar": "scenes"}.
RECIPE_FILE = "pictophone.json"

# The names that the hub accepts: at most one slash.
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")

# Bounds on a recipe: beyond these a picture costs minutes and gigabytes, for which no call waits.
LARGEST_SIDE = 2048
MOST_STEPS = 100


class Recipe(BaseModel, frozen=True):
    """How to run a generator.

    `steps` of the sampler, guidance scale (0 or 1: none), side in pixels, the tiny autoencoder that replaces the
    pipeline's own (hub id or folder), the number type on a GPU, and the spacing of the steps over the scheduler's
    timesteps (None: as it was saved). A single step must start at the last timestep, which "trailing" ensures.
    `coupled` is how many of the drawn world's `Variation` numbers the means of its noise's first channels are.
    `grammar` names the only captions that the generator knows: "scenes" those of `node.vision.scenes`, None any.
    """

    steps: int = Field(default=4, ge=1, le=MOST_STEPS)
    guidance: float = Field(default=1.0, ge=0, le=100)
    size: int = Field(default=512, ge=8, le=LARGEST_SIDE, multiple_of=8)
    tiny_autoencoder: str | None = None
    gpu_dtype: Literal["float16", "bfloat16"] = "float16"
    timestep_spacing: Literal["leading", "linspace", "trailing"] | None = None
    coupled: int = Field(default=0, ge=0, le=5)
    grammar: Literal["scenes"] | None = None


@dataclass(frozen=True, slots=True)
class Preset:
    """A captioner and a generator to use together."""

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
            PERCEPTION,
            captioner=PERCEPTION,
            generator=str(EMBEDDED / "generator"),
            about="people before a camera, on an ordinary CPU; painted as drawings",
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

# By hub id, from the models' own pages. LCM takes its guidance as an input of the network: 8 costs no second pass.
RECIPES = {
    "IDKiro/sdxs-512-0.9": Recipe(steps=1, guidance=0.0),
    "SimianLuo/LCM_Dreamshaper_v7": Recipe(steps=4, guidance=8.0, tiny_autoencoder="madebyollin/taesd"),
    "stabilityai/sd-turbo": Recipe(
        steps=1, guidance=0.0, tiny_autoencoder="madebyollin/taesd", timestep_spacing="trailing"
    ),
    "black-forest-labs/FLUX.2-klein-4B": Recipe(steps=4, guidance=1.0, gpu_dtype="bfloat16"),
}


def preset(name: str) -> Preset:
    """Return the preset of that name. Raises NodeError, with the known names, if there is none."""
    if name not in PRESETS:
        raise NodeError(f"no preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]


def choose(models: str, captioner: str | None = None, generator: str | None = None) -> Preset:
    """Return the preset `models`, with its captioner or generator replaced by the one given.

    A preset's name stands for its captioner or generator. The result's name has all three. Raises NodeError like
    `preset`.
    """
    base = preset(models)
    return replace(
        base,
        name=", ".join(filter(None, (models, captioner, generator))),
        captioner=PRESETS[captioner].captioner if captioner in PRESETS else captioner or base.captioner,
        generator=PRESETS[generator].generator if generator in PRESETS else generator or base.generator,
    )


def chosen_models(settings: Settings) -> Preset:
    """Return the captioner and the generator of the settings. Raises NodeError like `preset`."""
    return choose(settings.models, settings.captioner, settings.generator)


def only_drawings(captioner: str) -> bool:
    """Return whether this captioner was trained on drawn scenes alone: its captions of other pictures are made up."""
    return captioner == PRESETS["embedded"].captioner


def is_folder(model: str) -> bool:
    """Return whether the name is that of an existing folder: then nothing of it is looked up on the network."""
    return model not in ("", PERCEPTION) and from_home(model).is_dir()


def check_name(model: str) -> None:
    """Raise NodeError unless the name is PERCEPTION, an existing folder, or could be a hub id."""
    is_path = Path(model).is_absolute() or model.startswith((".", "~"))
    if not is_folder(model) and (is_path or not HUB_ID.fullmatch(model)):
        raise NodeError(f"no model folder {model!r}: check the path, or name a preset ({', '.join(PRESETS)})")


def recipe(generator: str) -> Recipe:
    """Return how to run a generator: by its folder's RECIPE_FILE, else the table's entry, else the defaults.

    Raises NodeError if the file exists and is no recipe.
    """
    path = from_home(generator) / RECIPE_FILE
    if is_folder(generator) and path.is_file():
        return _read_recipe(path)
    return RECIPES.get(generator, Recipe())


def _read_recipe(path: Path) -> Recipe:
    try:
        return Recipe.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        reason = " ".join([*map(str, first["loc"]), first["msg"]])
        raise NodeError(f"cannot use {str(path)!r} ({reason}): it holds steps, guidance and size") from error
    except OSError as error:
        raise NodeError(f"cannot read {str(path)!r}: {error.strerror}") from error
