"""Generators of the very classes that the presets name, tiny and with random weights, saved without a download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SIDE = 32
WORDS_AT_MOST = 24

CLIP = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": WORDS_AT_MOST,
}
UNET = {
    "sample_size": 16,
    "block_out_channels": (8, 16),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "cross_attention_dim": 16,
    "attention_head_dim": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
}
TINY = {
    "encoder_block_out_channels": (8, 8),
    "decoder_block_out_channels": (8, 8),
    "num_encoder_blocks": (1, 1),
    "num_decoder_blocks": (1, 1),
}
FULL = {
    "block_out_channels": (8, 8),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "layers_per_block": 1,
    "norm_num_groups": 4,
}
FLUX_TEXT_LAYERS = 28
"""FLUX.2-klein reads its text encoder after layers 9, 18 and 27, and stacks the three."""


def stable_diffusion(folder: Path) -> None:
    """StableDiffusionPipeline with AutoencoderTiny and LCMScheduler: the embedded generator's classes."""
    import diffusers

    scheduler = diffusers.LCMScheduler(steps_offset=1)
    pipeline = diffusers.StableDiffusionPipeline(
        **_parts(), vae=diffusers.AutoencoderTiny(**TINY), scheduler=scheduler, requires_safety_checker=False
    )
    _save(pipeline, folder, steps=2, guidance=1.0, note="tiny")


def turbo(folder: Path) -> None:
    """As SD-Turbo lies on the hub, but saved with the spacing of timesteps that suits many steps and not one; its
    tiny autoencoder, as TAESD lies there, is in a folder beside it."""
    import diffusers

    diffusers.AutoencoderTiny(**TINY).save_pretrained(folder / "taesd")
    scheduler = diffusers.EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1)
    pipeline = diffusers.StableDiffusionPipeline(
        **_parts(), vae=diffusers.AutoencoderKL(**FULL), scheduler=scheduler, requires_safety_checker=False
    )
    tiny = str(folder / "taesd")
    _save(pipeline, folder, steps=1, guidance=0.0, tiny_autoencoder=tiny, timestep_spacing="trailing")


def lcm(folder: Path) -> None:
    """As LCM_Dreamshaper lies on the hub: the guidance is a number that its U-Net is told."""
    import diffusers

    pipeline = diffusers.LatentConsistencyModelPipeline(
        **_parts(time_cond_proj_dim=8),
        vae=diffusers.AutoencoderKL(**FULL),
        scheduler=diffusers.LCMScheduler(),
        requires_safety_checker=False,
    )
    _save(pipeline, folder, steps=2, guidance=8.0)


def klein(folder: Path) -> None:
    """As FLUX.2-klein lies on the hub: a transformer that paints, and a language model that reads."""
    import diffusers
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(1)
    tokenizer = qwen_tokenizer()
    text = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=16, num_hidden_layers=FLUX_TEXT_LAYERS,
        num_attention_heads=1, num_key_value_heads=1, head_dim=8,
    )  # fmt: skip
    transformer = diffusers.Flux2Transformer2DModel(
        in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=1,
        joint_attention_dim=24, timestep_guidance_channels=16, axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    )  # fmt: skip
    pipeline = diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=diffusers.AutoencoderKLFlux2(**FULL, latent_channels=4),
        text_encoder=Qwen3ForCausalLM(text),
        tokenizer=tokenizer,
        transformer=transformer,
        is_distilled=True,
    )
    _save(pipeline, folder, steps=2, guidance=1.0, gpu_dtype="bfloat16")


def _parts(**unet: Any) -> dict[str, Any]:
    """What all pipelines with a U-Net have in common."""
    import torch
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(1)
    tokenizer = _clip_tokenizer()
    text = CLIPTextConfig(
        **CLIP,
        vocab_size=len(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return {
        "tokenizer": tokenizer,
        "text_encoder": CLIPTextModel(text),
        "unet": UNet2DConditionModel(**UNET, **unet),
        "safety_checker": None,
        "feature_extractor": None,
    }


def _save(pipeline: Any, folder: Path, **recipe: object) -> None:
    pipeline.save_pretrained(folder)
    (folder / "pictophone.json").write_text(json.dumps({"size": SIDE, **recipe}))


def _clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=WORDS_AT_MOST)


QWEN_TOKENS = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
QWEN_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def qwen_tokenizer() -> Any:
    """Byte by byte, with the chat template and the special tokens of the Qwen-VL family."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2TokenizerFast

    tokens = [*sorted(ByteLevel.alphabet()), "<|endoftext|>", *QWEN_TOKENS]
    tokenizer = Qwen2TokenizerFast(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=[],
        eos_token="<|im_end|>",
        additional_special_tokens=QWEN_TOKENS,
    )
    tokenizer.chat_template = QWEN_TEMPLATE
    return tokenizer
