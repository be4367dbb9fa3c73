"""Generation of pictures from words, by any text-to-image pipeline of diffusers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple
from functools import cached_property
from inspect import signature
from typing import Any

from PIL import Image

from node.vision.loading import decode_in_bfloat16, load, multiplies_bfloat16, number_type, pick_device, quieten
from node.vision.look_transfer import apply_look
from node.vision.portrait_look import apply_portrait, is_portrait, wanted_by
from node.vision.presets import Recipe, recipe
from node.vision.types import Prompt

# For tokenizers that name no limit of their own; CLIP's is 77, and no caption comes near either.
MOST_PROMPT_TOKENS = 512

# Radians between two noises that count as one: the sine of a smaller angle is too small to divide by.
LEAST_ANGLE = 1e-3

# Numbers nearer to 0 or 1 have normal scores that no training picture had.
LEAST_SHARE = 0.001

# Dimensions of the weights of a convolution over a picture; over a video it has one more.
CONVOLUTION_DIMENSIONS = 4


class Generator:
    """A text-to-image pipeline, loaded from a folder or by its hub id, and run by its `recipe`.

    `device` is torch's name of one; None chooses. The same words and seed give the same picture on the same machine and
    device. `pipeline` is the pipeline of diffusers. Raises NodeError if it cannot be loaded.
    """

    def __init__(self, model: str, device: str | None = None) -> None:
        quieten()
        self.device = pick_device(device)
        self._recipe = recipe(model)
        self.pipeline = load(model, "generator", lambda local: _load(model, self._recipe, self.device, local))
        if self._recipe.tiny_autoencoder is not None:
            self.pipeline.vae = self._tiny_autoencoder(self._recipe.tiny_autoencoder)
        use_channels_last(self.pipeline)
        if self.device == "cpu" and multiplies_bfloat16():
            decode_in_bfloat16(self.pipeline.vae)
        self._ends: dict[Prompt, Image.Image] = {}

    @property
    def size(self) -> int:
        """Return the side of its square pictures in pixels."""
        return self._recipe.size

    def paint(self, text: str, seed: int, look: bytes = b"") -> Image.Image:
        """Paint a picture of `text`, which may be empty: RGB, `size` x `size`.

        `seed` is any integer from 0 to 2**64 - 1. Text beyond the tokenizer's limit is cut at a word. With a look, a
        draft made in one step is moved to it, and the picture painted from there. A portrait puts the person where it
        says, in its colours, if the noise of this generator means that. Raises LookError if the look is invalid.
        """
        import torch

        with torch.inference_mode():
            words = {"prompt": self._fitting(text)}
            look = self._usable(look)
            if is_portrait(look):
                prompt, random = Prompt(text, seed, look), _random_source(seed)
                painted = self._run(words, random, latents=self._noise(prompt, random))
                return _in_its_colours(painted, prompt)
            return self._paint_from(words, seed, look, look) if look else self._run(words, _random_source(seed))

    def paint_between(self, before: Prompt, after: Prompt, share: float) -> Image.Image:
        """Paint an intermediate of two pictures: `before` at a share of 0, `after` at 1.

        The words' embeddings, the noise and the looks are interpolated and painted. A pipeline without such embeddings,
        or prompts with looks and different seeds, give a cross-fade of the two pictures.
        """
        import torch

        before, after = (prompt._replace(look=self._usable(prompt.look)) for prompt in (before, after))
        looks = [prompt.look for prompt in (before, after) if prompt.look and not is_portrait(prompt.look)]
        same_noise = before.seed == after.seed
        with torch.inference_mode():
            if not isinstance(self.pipeline, embedding_pipelines()) or len(looks) == 1 or (looks and not same_noise):
                return self._cross_fade(before, after, share)
            words = self._interpolated_words(before, after, share)
            if looks:
                return self._paint_from(words, after.seed, before.look, after.look, share)
            random = _random_source(after.seed)
            noise = interpolate_noise(
                self._noise(before, _random_source(before.seed)), self._noise(after, random), share
            )
            painted = self._run(words, random, latents=noise)
            return Image.blend(_in_its_colours(painted, before), _in_its_colours(painted, after), share)

    @cached_property
    def image_to_image(self) -> Any:
        """Return the same networks as a pipeline that starts from a picture; None if there is none of that kind."""
        import diffusers

        library: Any = diffusers
        try:
            twin = library.AutoPipelineForImage2Image.from_pipe(self.pipeline)
        except ValueError:
            return None
        if "strength" not in signature(twin.__call__).parameters:
            return None
        twin.set_progress_bar_config(disable=True)
        return twin

    def _run(self, words: dict[str, Any], random: Any, steps: int | None = None, **noise: Any) -> Image.Image:
        """Paint a prompt or its embeddings, in as many steps as the recipe has unless `steps` says another number."""
        result = self.pipeline(
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
        """Paint from a look, or from the intermediate of two.

        To start from the bare look would lose some of what the words say: a draft of them is moved to it. If the
        pipeline cannot start from a picture, its finished picture is moved instead.
        """
        twin = self.image_to_image
        draft = self._run(words, _random_source(seed), steps=None if twin is None else 1)
        start = Image.blend(apply_look(draft, look), apply_look(draft, other), share)
        if twin is None:
            return start
        steps = max(2, self._recipe.steps)
        result = twin(
            **words,
            image=start,
            strength=(steps - 0.5) / steps,  # all steps but the first
            num_inference_steps=steps,
            guidance_scale=self._recipe.guidance,
            generator=_random_source(seed),
        )
        return _picture(result)

    def _interpolated_words(self, before: Prompt, after: Prompt, share: float) -> dict[str, Any]:
        import torch

        return {"prompt_embeds": torch.lerp(self._embedded(before.text), self._embedded(after.text), share)}

    def _embedded(self, text: str) -> Any:
        return self.pipeline.encode_prompt(self._fitting(text), self.pipeline.device, 1, False)[0]

    def _noise(self, prompt: Prompt, random: Any) -> Any:
        """Return the noise that the pipeline itself would draw first; of a portrait, with that likeness in it.

        `random` is a new source of the prompt's seed: samplers that draw more noise go on with it.
        """
        import torch

        side = self.size // self.pipeline.vae_scale_factor
        shape = (1, self.pipeline.unet.config.in_channels, side, side)
        noise = torch.randn(shape, generator=random, dtype=self.pipeline.unet.dtype)
        wanted = wanted_by(prompt.look) if is_portrait(prompt.look) else None
        if wanted is not None:
            noise = coupled_noise(noise, astuple(wanted)[: self._recipe.coupled])
        return noise.to(self.device)

    def _usable(self, look: bytes) -> bytes:
        """Return the look; none instead of a portrait if the noise means nothing to this generator."""
        return b"" if is_portrait(look) and not self._recipe.coupled else look

    def _cross_fade(self, before: Prompt, after: Prompt, share: float) -> Image.Image:
        """Return the two pictures, painted once for all shares, one over the other."""
        self._ends = {end: self._ends.get(end) or self.paint(*end) for end in (before, after)}
        return Image.blend(self._ends[before], self._ends[after], share)

    def _fitting(self, text: str) -> str:
        """Return as many of the first words as the tokenizer takes. (The pipeline cuts, too, but logs what it cuts.)"""
        tokenizer = self.pipeline.tokenizer
        limit = min(tokenizer.model_max_length, MOST_PROMPT_TOKENS)
        words = text.split()
        while words and len(tokenizer(" ".join(words)).input_ids) > limit:
            words.pop()
        return " ".join(words)

    def _tiny_autoencoder(self, model: str) -> Any:
        return load(
            model, "autoencoder", lambda local: _load_autoencoder(model, self.pipeline.dtype, self.device, local)
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


def use_channels_last(pipeline: Any) -> None:
    """Store convolutions with the channels innermost: on a CPU a tiny autoencoder then takes half the time.

    Networks that convolve over time as well are left as they are: there is no such order for their weights.
    """
    import torch

    for network in (getattr(pipeline, name, None) for name in ("unet", "vae")):
        if network is not None and all(weight.dim() <= CONVOLUTION_DIMENSIONS for weight in network.parameters()):
            network.to(memory_format=torch.channels_last)


def embedding_pipelines() -> tuple[type, ...]:
    """Return the pipelines that take a prompt's embeddings and the noise, and whose U-Net takes nothing else."""
    import diffusers

    library: Any = diffusers
    return library.StableDiffusionPipeline, library.LatentConsistencyModelPipeline


def _picture(result: Any) -> Image.Image:
    picture: Image.Image = result.images[0]
    return picture.convert("RGB")


def _in_its_colours(painted: Image.Image, prompt: Prompt) -> Image.Image:
    return apply_portrait(painted, prompt.text, prompt.look) if is_portrait(prompt.look) else painted


def _random_source(seed: int) -> Any:
    """Return a source of random numbers on the CPU, whose numbers are the same beside any GPU."""
    import torch

    return torch.Generator("cpu").manual_seed(seed)


def coupled_noise(noise: Any, numbers: Sequence[float]) -> Any:
    """Return noise (1, channels, side, side) whose first channels have the means of these numbers, from 0 to 1.

    It is what the embedded generator was trained on (`scripts/train_generator.py`): a mean is the number's normal
    score over the side, and so distributed as that of any other noise.
    """
    import torch

    count = len(numbers)
    scores = torch.special.ndtri(torch.tensor(numbers, dtype=torch.float64).clamp(LEAST_SHARE, 1 - LEAST_SHARE))
    shift = torch.zeros(noise.shape[1], dtype=torch.float64)
    shift[:count] = scores / noise.shape[-1] - noise[0, :count].double().mean((1, 2))
    return (noise + shift[None, :, None, None]).to(noise.dtype)


def interpolate_noise(before: Any, after: Any, share: float) -> Any:
    """Interpolate spherically (Shoemake 1985): halfway on a straight line, noise is too weak to paint from."""
    import torch

    cosine = torch.nn.functional.cosine_similarity(before.flatten().float(), after.flatten().float(), dim=0)
    angle = torch.arccos(cosine.clamp(-1, 1)).item()
    if angle < LEAST_ANGLE:
        return before
    return (before * math.sin((1 - share) * angle) + after * math.sin(share * angle)) / math.sin(angle)
