"""Captions of pictures, by any image-text-to-text model of transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PIL import Image

from node.vision.likeness import LikenessHead
from node.vision.loading import load, number_type, pick_device, quieten

if TYPE_CHECKING:
    import torch

    from node.vision.scenes import Variation

# Characters: four times a COCO caption. The rest is cut at a word; the receiver's prompt is no longer.
LONGEST_CAPTION = 240

# A COCO caption has about a dozen; a model that rambles is stopped here.
MOST_TOKENS = 48

# By model type: families that take their task as a word of their own.
TASK_PROMPTS = {"florence2": "<CAPTION>"}

# For the families that follow a chat template (Qwen-VL and the like).
CHAT_REQUEST = "Describe this picture in one short sentence, as a caption."

VIDEO_PART = "video_processor"

Prepare = Callable[[Image.Image], Any]


class Captioner:
    """An image-to-text model, loaded from a folder or by its hub id.

    `device` is torch's name of one; None chooses. It computes in single precision on a CPU, in half on a GPU. `model`
    and `processor` are those of transformers; `prepare` makes the model's inputs of a picture. Raises NodeError if the
    model cannot be loaded.
    """

    def __init__(self, model: str, device: str | None = None) -> None:
        quieten()
        self.device = pick_device(device)
        self.model, self.processor = load(model, "captioner", lambda local: _load(model, self.device, local))
        self.prepare = _preparation(self.model.config.model_type, self.processor)
        self._likeness = LikenessHead.beside(model)

    def caption(self, image: Image.Image) -> str:
        """Return what the picture shows: one line, no final full stop, at most LONGEST_CAPTION characters.

        The same picture gives the same words: no token is sampled.
        """
        return self.read(image)[0]

    def read(self, image: Image.Image) -> tuple[str, Variation | None]:
        """Return the caption, and the likeness of a drawn person; None of others, and of captioners without a head."""
        import torch

        picture = image.convert("RGB")
        inputs = self.prepare(picture).to(self.device, dtype=self.model.dtype)
        with torch.inference_mode():
            seen = {} if self._likeness is None else {"encoder_outputs": self.model.encoder(inputs.pixel_values)}
            tokens = self.model.generate(**inputs, **seen, max_new_tokens=MOST_TOKENS, do_sample=False)
        words = tidy(self.processor.batch_decode(self._new(tokens, inputs), skip_special_tokens=True)[0])
        if self._likeness is None:
            return words, None
        features = seen["encoder_outputs"].last_hidden_state.float().cpu().numpy()
        return words, self._likeness.read(words, picture, features)

    def _new(self, tokens: torch.Tensor, inputs: Any) -> torch.Tensor:
        """Return the tokens without the prompt, which decoder-only models repeat before their answer."""
        if self.model.config.is_encoder_decoder or "input_ids" not in inputs:
            return tokens
        return tokens[:, inputs["input_ids"].shape[1] :]


def tidy(text: str) -> str:
    """Return a caption as it is sent: single spaces, no final full stop, cut at a word to LONGEST_CAPTION."""
    line = " ".join(text.split()).rstrip(" .")
    if len(line) <= LONGEST_CAPTION:
        return line
    return line[: LONGEST_CAPTION + 1].rpartition(" ")[0] or line[:LONGEST_CAPTION]


class _Pair:
    """An image processor and a tokenizer side by side, for models saved without a processor that joins them."""

    chat_template = None

    def __init__(self, images: Any, tokenizer: Any) -> None:
        self._images = images
        self.batch_decode = tokenizer.batch_decode

    def __call__(self, images: Image.Image, return_tensors: str) -> Any:
        return self._images(images=images, return_tensors=return_tensors)


def _load(model: str, device: str, local_only: bool) -> tuple[Any, Any]:
    """Load the network onto its device, and the processor that makes its inputs of pictures and text of its outputs."""
    import transformers

    # Half of the library's functions have no annotations.
    auto: Any = transformers
    source = {"local_files_only": local_only}
    network = auto.AutoModelForImageTextToText.from_pretrained(model, dtype=number_type(device), **source)
    processor = _processor_of(network.config).from_pretrained(model, **source)
    if not hasattr(processor, "tokenizer"):
        images = auto.AutoImageProcessor.from_pretrained(model, **source)
        processor = _Pair(images, auto.AutoTokenizer.from_pretrained(model, **source))
    return network.to(device).eval(), processor


def _processor_of(config: Any) -> Any:
    """Return the class that loads the processor of models with this configuration.

    A part for videos, which Qwen-VL and its like have and which needs torchvision, is left out: a snapshot does not
    move.
    """
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    auto: Any = transformers
    kind: Any = PROCESSOR_MAPPING.get(type(config), None)
    if kind is None or VIDEO_PART not in kind.get_attributes():
        return auto.AutoProcessor

    class Stills(kind):  # type: ignore[misc]
        @classmethod
        def get_attributes(cls) -> list[str]:
            return [name for name in super().get_attributes() if name != VIDEO_PART]

    return Stills


def _preparation(model_type: str, processor: Any) -> Prepare:
    """Return the function that makes this family's inputs of a picture."""
    if model_type in TASK_PROMPTS:
        return lambda image: processor(images=image, text=TASK_PROMPTS[model_type], return_tensors="pt")
    if processor.chat_template:
        return lambda image: _chat(processor, image)
    return lambda image: processor(images=image, return_tensors="pt")


def _chat(processor: Any, image: Image.Image) -> Any:
    content = [{"type": "image", "image": image}, {"type": "text", "text": CHAT_REQUEST}]
    return processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
