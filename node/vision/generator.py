"""The generator: a picture painted from words, by any text-to-image pipeline of diffusers."""

from __future__ import annotations

from typing import Any

from PIL import Image

from node.vision.loading import load, pick_device, quieten
from node.vision.presets import Recipe, recipe

MOST_PROMPT_TOKENS = 512
"""For tokenizers that name no limit of their own; CLIP's is 77, and no caption comes near either."""


class Generator:
    """A pipeline folder or hub id, ready to paint, run by its `recipe`. `device` is torch's name; None chooses.

    The same words and seed give the same picture on the same machine and device. Raises NodeError when the
    pipeline cannot be loaded.
    """

    def __init__(self, model: str, device: str | None = None) -> None:
        quieten()
        self.device = pick_device(device)
        self._recipe = recipe(model)
        self._pipeline = load(model, "generator", lambda local: _load(model, self._recipe, self.device, local))
        if self._recipe.tiny_autoencoder is not None:
            self._pipeline.vae = self._tiny_autoencoder(self._recipe.tiny_autoencoder)
        _lay_out(self._pipeline)

    @property
    def size(self) -> int:
        """The side of its square pictures, in pixels."""
        return self._recipe.size

    def paint(self, text: str, seed: int) -> Image.Image:
        """A picture of `text`, RGB, `size` x `size`; no text gives whatever the generator makes of nothing.

        `seed` is any integer from 0 to 2**64 - 1. What exceeds the tokenizer's limit is cut at a word.
        """
        import torch

        # On the CPU, whose random numbers are the same beside any GPU.
        noise = torch.Generator("cpu").manual_seed(seed)
        with torch.inference_mode():
            result = self._pipeline(
                self._fitting(text),
                num_inference_steps=self._recipe.steps,
                guidance_scale=self._recipe.guidance,
                width=self.size,
                height=self.size,
                generator=noise,
            )
        picture: Image.Image = result.images[0]
        return picture.convert("RGB")

    def _fitting(self, text: str) -> str:
        """As many of the first words as the tokenizer takes. (The pipeline would cut, too, but quotes what it cuts.)"""
        tokenizer = self._pipeline.tokenizer
        limit = min(tokenizer.model_max_length, MOST_PROMPT_TOKENS)
        words = text.split()
        while words and len(tokenizer(" ".join(words)).input_ids) > limit:
            words.pop()
        return " ".join(words)

    def _tiny_autoencoder(self, model: str) -> Any:
        return load(
            model, "autoencoder", lambda local: _load_autoencoder(model, self._pipeline.dtype, self.device, local)
        )


def _load(model: str, settings: Recipe, device: str, local_only: bool) -> Any:
    import diffusers
    import torch

    # Much of the library has no annotations.
    library: Any = diffusers
    library.utils.logging.disable_progress_bar()
    dtype = torch.float32 if device == "cpu" else getattr(torch, settings.gpu_dtype)
    pipeline = library.DiffusionPipeline.from_pretrained(model, dtype=dtype, local_files_only=local_only)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def _load_autoencoder(model: str, dtype: Any, device: str, local_only: bool) -> Any:
    import diffusers

    library: Any = diffusers
    return library.AutoencoderTiny.from_pretrained(model, dtype=dtype, local_files_only=local_only).to(device)


def _lay_out(pipeline: Any) -> None:
    """Convolutions with the channels innermost: on a CPU a tiny autoencoder then takes half the time.

    Pipelines without a U-Net have little to convolve.
    """
    import torch

    if hasattr(pipeline, "unet"):
        for network in (pipeline.unet, pipeline.vae):
            network.to(memory_format=torch.channels_last)
