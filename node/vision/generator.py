"""The generator: a picture painted from words, by any text-to-image pipeline of diffusers."""

from __future__ import annotations

import math
from functools import cached_property
from inspect import signature
from typing import Any

from PIL import Image

from node.vision.bfloat import decode_in_bfloat16, multiplies_bfloat16
from node.vision.loading import load, number_type, pick_device, quieten
from node.vision.look import towards
from node.vision.presets import Recipe, recipe
from node.vision.types import Prompt

MOST_PROMPT_TOKENS = 512
"""For tokenizers that name no limit of their own; CLIP's is 77, and no caption comes near either."""

LEAST_ANGLE = 1e-3
"""Radians between two noises that count as one: the sine below it is too small to divide by."""

FLAT = 4
"""Dimensions of the weights of a convolution over a picture; over a video it has one more."""


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
        if self.device == "cpu" and multiplies_bfloat16():
            decode_in_bfloat16(self._pipeline.vae)
        self._ends: dict[Prompt, Image.Image] = {}

    @property
    def size(self) -> int:
        """The side of its square pictures, in pixels."""
        return self._recipe.size

    def paint(self, text: str, seed: int, look: bytes = b"") -> Image.Image:
        """A picture of `text`, RGB, `size` x `size`; no text gives whatever the generator makes of nothing.

        `seed` is any integer from 0 to 2**64 - 1. What exceeds the tokenizer's limit is cut at a word. With a look, a
        draft made in one step is moved to it, and the picture painted from there. Raises LookError.
        """
        import torch

        with torch.inference_mode():
            words = {"prompt": self._fitting(text)}
            return self._paint_from(words, seed, look, look) if look else self._run(words, _noise(seed))

    def paint_between(self, before: Prompt, after: Prompt, share: float) -> Image.Image:
        """What lies between two pictures: `before` at a share of 0, `after` at 1.

        The words' embeddings, the noise and the looks are mixed and painted; a cross-fade of the two pictures where
        the pipeline has no such embeddings, or where there are looks and not the same seed.
        """
        import torch

        looks = [prompt.look for prompt in (before, after) if prompt.look]
        same_noise = before.seed == after.seed
        with torch.inference_mode():
            if not isinstance(self._pipeline, _embedding_pipelines()) or len(looks) == 1 or (looks and not same_noise):
                return self._cross_fade(before, after, share)
            words = self._mixed_words(before, after, share)
            if looks:
                return self._paint_from(words, after.seed, before.look, after.look, share)
            random = _noise(after.seed)
            noise = _mixed_noise(self._drawn(_noise(before.seed)), self._drawn(random), share)
            return self._run(words, random, latents=noise)

    @cached_property
    def _from_picture(self) -> Any:
        """The same networks as a pipeline that starts from a picture; None where there is none of that kind."""
        import diffusers

        library: Any = diffusers
        try:
            twin = library.AutoPipelineForImage2Image.from_pipe(self._pipeline)
        except ValueError:
            return None
        if "strength" not in signature(twin.__call__).parameters:
            return None
        twin.set_progress_bar_config(disable=True)
        return twin

    def _run(self, words: dict[str, Any], random: Any, steps: int | None = None, **noise: Any) -> Image.Image:
        """One picture of a prompt or its embeddings, in all steps unless told otherwise."""
        result = self._pipeline(
            **words,
            num_inference_steps=steps or self._recipe.steps,
            guidance_scale=self._recipe.guidance,
            width=self.size,
            height=self.size,
            generator=random,
            **noise,
        )
        return _picture(result)

    def _paint_from(
        self, words: dict[str, Any], seed: int, look: bytes, other: bytes, share: float = 0.0
    ) -> Image.Image:
        """A picture that starts from a look, or from what lies between two.

        To start from the bare look would lose some of what the words say: a draft of them is moved to it. A pipeline
        that cannot start from a picture has its finished picture moved instead.
        """
        twin = self._from_picture
        draft = self._run(words, _noise(seed), steps=None if twin is None else 1)
        start = Image.blend(towards(draft, look), towards(draft, other), share)
        if twin is None:
            return start
        steps = max(2, self._recipe.steps)
        result = twin(
            **words,
            image=start,
            strength=(steps - 0.5) / steps,  # all steps but the first
            num_inference_steps=steps,
            guidance_scale=self._recipe.guidance,
            generator=_noise(seed),
        )
        return _picture(result)

    def _mixed_words(self, before: Prompt, after: Prompt, share: float) -> dict[str, Any]:
        import torch

        return {"prompt_embeds": torch.lerp(self._embedded(before.text), self._embedded(after.text), share)}

    def _embedded(self, text: str) -> Any:
        return self._pipeline.encode_prompt(self._fitting(text), self._pipeline.device, 1, False)[0]

    def _drawn(self, random: Any) -> Any:
        """The noise that the pipeline itself would draw first."""
        import torch

        side = self.size // self._pipeline.vae_scale_factor
        shape = (1, self._pipeline.unet.config.in_channels, side, side)
        return torch.randn(shape, generator=random, dtype=self._pipeline.unet.dtype).to(self.device)

    def _cross_fade(self, before: Prompt, after: Prompt, share: float) -> Image.Image:
        """The two pictures, painted once for all shares, one over the other."""
        self._ends = {end: self._ends.get(end) or self.paint(*end) for end in (before, after)}
        return Image.blend(self._ends[before], self._ends[after], share)

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

    # Much of the library has no annotations.
    library: Any = diffusers
    library.utils.logging.disable_progress_bar()
    dtype = number_type(device, settings.gpu_dtype)
    pipeline = library.DiffusionPipeline.from_pretrained(model, dtype=dtype, local_files_only=local_only)
    pipeline.set_progress_bar_config(disable=True)
    if settings.timestep_spacing is not None:
        scheduler = pipeline.scheduler
        pipeline.scheduler = scheduler.from_config(scheduler.config, timestep_spacing=settings.timestep_spacing)
    return pipeline.to(device)


def _load_autoencoder(model: str, dtype: Any, device: str, local_only: bool) -> Any:
    import diffusers

    library: Any = diffusers
    return library.AutoencoderTiny.from_pretrained(model, dtype=dtype, local_files_only=local_only).to(device)


def _lay_out(pipeline: Any) -> None:
    """Convolutions with the channels innermost: on a CPU a tiny autoencoder then takes half the time.

    Not for networks that convolve over time as well: there is no such order for their weights.
    """
    import torch

    for network in (getattr(pipeline, name, None) for name in ("unet", "vae")):
        if network is not None and all(weight.dim() <= FLAT for weight in network.parameters()):
            network.to(memory_format=torch.channels_last)


def _embedding_pipelines() -> tuple[type, ...]:
    """Those that take a prompt's embeddings and the noise, and whose U-Net takes nothing else."""
    import diffusers

    library: Any = diffusers
    return library.StableDiffusionPipeline, library.LatentConsistencyModelPipeline


def _picture(result: Any) -> Image.Image:
    picture: Image.Image = result.images[0]
    return picture.convert("RGB")


def _noise(seed: int) -> Any:
    """A source of random numbers on the CPU, whose numbers are the same beside any GPU."""
    import torch

    return torch.Generator("cpu").manual_seed(seed)


def _mixed_noise(before: Any, after: Any, share: float) -> Any:
    """Spherical interpolation (Shoemake 1985): halfway on a straight line, noise is too weak to paint from."""
    import torch

    cosine = torch.nn.functional.cosine_similarity(before.flatten().float(), after.flatten().float(), dim=0)
    angle = torch.arccos(cosine.clamp(-1, 1)).item()
    if angle < LEAST_ANGLE:
        return before
    return (before * math.sin((1 - share) * angle) + after * math.sin(share * angle)) / math.sin(angle)
