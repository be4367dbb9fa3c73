"""Picture models of the very classes that the presets name, tiny and with random weights, made without a download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_painters

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
def qwen_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Qwen3VLForConditionalGeneration, its processor in parts as on the hub: one for videos needs torchvision."""
    import torch
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    torch.manual_seed(1)
    tokenizer = tiny_painters.qwen_tokenizer()
    numbers = dict(
        zip(tiny_painters.QWEN_TOKENS, tokenizer.convert_tokens_to_ids(tiny_painters.QWEN_TOKENS), strict=True)
    )
    config = Qwen3VLConfig(
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 16,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        text_config={
            **SMALL,
            "vocab_size": len(tokenizer),
            "num_key_value_heads": 1,
            "head_dim": 8,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]},
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        image_token_id=numbers["<|image_pad|>"],
        video_token_id=numbers["<|video_pad|>"],
        vision_start_token_id=numbers["<|vision_start|>"],
        vision_end_token_id=numbers["<|vision_end|>"],
    )
    folder = tmp_path_factory.mktemp("qwen")
    Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    Qwen2VLImageProcessorPil(patch_size=16, size={"shortest_edge": 32 * 32, "longest_edge": 64 * 64}).save_pretrained(
        folder
    )
    written = json.loads((folder / "preprocessor_config.json").read_text())
    on_the_hub = {"processor_class": "Qwen3VLProcessor", "image_processor_type": "Qwen2VLImageProcessorFast"}
    (folder / "preprocessor_config.json").write_text(json.dumps(written | on_the_hub))
    video = {"processor_class": "Qwen3VLProcessor", "video_processor_type": "Qwen3VLVideoProcessor"}
    (folder / "video_preprocessor_config.json").write_text(json.dumps(video))
    return folder


@pytest.fixture(scope="session")
def painter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The classes of the embedded generator."""
    folder = tmp_path_factory.mktemp("painter")
    tiny_painters.stable_diffusion(folder)
    return folder
