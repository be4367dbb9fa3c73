"""Picture models of the very classes that the presets name, tiny and with random weights, made without a download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from node.vision.loading import quieten

quieten()

WORDS = ["a", "cat", "dog", "sitting", "on", "top", "of", "wooden", "bench", "red", "ball", "."]


SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


IMAGE_TOKENS = {
    "bos_token": "[CLS]",
    "eos_token": "[SEP]",
    "extra_special_tokens": {"image_token": "<image>"},
    "model_input_names": ["input_ids", "attention_mask"],
}
"""What a tokenizer needs beside a model that puts its picture between the words."""


def bert_tokenizer(**options: Any) -> Any:
    from transformers import BertTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    return BertTokenizerFast(vocab={word: number for number, word in enumerate(vocabulary)}, **options)


def clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: number for number, token in enumerate(tokens)}, merges=[], model_max_length=24)


@pytest.fixture(scope="session")
def blip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BlipForConditionalGeneration with its processor."""
    import torch
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipProcessor
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    torch.manual_seed(1)
    tokenizer = bert_tokenizer()
    config = BlipConfig(
        vision_config={**SMALL, "image_size": 32, "patch_size": 16},
        text_config={
            **SMALL,
            "encoder_hidden_size": 16,
            "vocab_size": len(tokenizer),
            "bos_token_id": tokenizer.cls_token_id,
            "sep_token_id": tokenizer.sep_token_id,
            "eos_token_id": tokenizer.sep_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
    )
    folder = tmp_path_factory.mktemp("blip")
    BlipForConditionalGeneration(config).save_pretrained(folder)
    images = BlipImageProcessorPil(size={"height": 32, "width": 32})
    BlipProcessor(images, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def pair_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VisionEncoderDecoderModel, saved as such models are: an image processor and a tokenizer, no processor."""
    import torch
    from transformers import BertConfig, BertLMHeadModel, VisionEncoderDecoderModel, ViTConfig, ViTModel
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    torch.manual_seed(1)
    tokenizer = bert_tokenizer()
    decoder = BertConfig(**SMALL, vocab_size=len(tokenizer), is_decoder=True, add_cross_attention=True)
    model = VisionEncoderDecoderModel(
        encoder=ViTModel(ViTConfig(**SMALL, image_size=32, patch_size=16)), decoder=BertLMHeadModel(decoder)
    )
    model.config.decoder_start_token_id = model.generation_config.decoder_start_token_id = tokenizer.cls_token_id
    model.config.pad_token_id = model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.eos_token_id = tokenizer.sep_token_id
    folder = tmp_path_factory.mktemp("pair")
    model.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def florence_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Florence2ForConditionalGeneration, which needs its task as a prompt."""
    import torch
    from transformers import Florence2Config, Florence2ForConditionalGeneration, Florence2Processor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(1)
    tokenizer = bert_tokenizer(**IMAGE_TOKENS)
    tokens = {
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.bos_token_id,
        "forced_eos_token_id": tokenizer.eos_token_id,
    }
    config = Florence2Config(
        vision_config={
            "depths": (1, 1, 1, 1),
            "embed_dim": (8, 8, 8, 16),
            "num_heads": (1, 1, 1, 2),
            "num_groups": (1, 1, 1, 2),
            "window_size": 2,
            "projection_dim": 16,
        },
        text_config={
            "model_type": "bart",
            "vocab_size": len(tokenizer),
            "d_model": 16,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 32,
            "decoder_ffn_dim": 32,
            **tokens,
        },
        image_token_id=tokenizer.image_token_id,
    )
    model = Florence2ForConditionalGeneration(config)
    model.generation_config.update(**tokens)
    folder = tmp_path_factory.mktemp("florence")
    model.save_pretrained(folder)
    # 64 pixels at a stride of 32 are four places, and one token stands for the whole.
    images = CLIPImageProcessorPil(
        size={"height": 64, "width": 64}, crop_size={"height": 64, "width": 64}, image_seq_length=5
    )
    Florence2Processor(images, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def chat_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LlavaForConditionalGeneration: decoder-only, and asked through a chat template as Qwen-VL is."""
    import torch
    from transformers import LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(1)
    tokenizer = bert_tokenizer(**IMAGE_TOKENS)
    config = LlavaConfig(
        vision_config={**SMALL, "model_type": "clip_vision_model", "image_size": 32, "patch_size": 16},
        text_config={
            **SMALL,
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        image_token_index=tokenizer.image_token_id,
        vision_feature_layer=-1,
    )
    folder = tmp_path_factory.mktemp("chat")
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    images = CLIPImageProcessorPil(size={"height": 32, "width": 32}, crop_size={"height": 32, "width": 32})
    LlavaProcessor(
        images,
        tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template="{% for m in messages %}{% for c in m['content'] %}"
        "{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endfor %}",
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def painter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """StableDiffusionPipeline with AutoencoderTiny and LCMScheduler, and the recipe file beside it."""
    import torch
    from diffusers import AutoencoderTiny, LCMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(1)
    tokenizer = clip_tokenizer()
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderTiny(
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
        ),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer),
                hidden_size=16,
                intermediate_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=24,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )
        ),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=16,
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            cross_attention_dim=16,
            attention_head_dim=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
        scheduler=LCMScheduler(steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    folder = tmp_path_factory.mktemp("painter")
    pipeline.save_pretrained(folder)
    (folder / "pictophone.json").write_text(json.dumps({"steps": 2, "guidance": 1.0, "size": 32, "note": "tiny"}))
    return folder
