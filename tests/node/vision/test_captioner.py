from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.vision import captioner as module
from node.vision.captioner import LONGEST_CAPTION, Captioner, tidy
from protocol.errors import NodeError

PICTURE = Image.linear_gradient("L").convert("RGB").resize((64, 48))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*address: object, **options: object) -> None:
        raise AssertionError(f"the network was asked for {address}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


FAMILIES = ["blip_folder", "pair_folder", "florence_folder", "chat_folder", "qwen_folder"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_of_each_family_captions_without_the_network(
    family: str, request: pytest.FixtureRequest, no_network: None
) -> None:
    captioner = Captioner(str(request.getfixturevalue(family)), device="cpu")

    words = captioner.caption(PICTURE)

    assert words == captioner.caption(PICTURE)
    assert words == tidy(words)
    assert "[" not in words
    assert "<" not in words


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_captions_in_half_precision(
    family: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(module, "number_type", lambda device: torch.bfloat16)
    captioner = Captioner(str(request.getfixturevalue(family)), device="cpu")
    assert captioner.model.dtype == torch.bfloat16
    assert isinstance(captioner.caption(PICTURE), str)


def test_a_family_with_a_chat_template_is_asked_in_words(qwen_folder: Path) -> None:
    captioner = Captioner(str(qwen_folder), device="cpu")
    inputs = captioner.prepare(PICTURE)
    asked = captioner.processor.tokenizer.decode(inputs["input_ids"][0])
    assert module.CHAT_REQUEST in asked
    assert asked.endswith("<|im_start|>assistant\n")
    assert asked.count("<|image_pad|>") == inputs["image_grid_thw"].prod() // 4 > 0


def test_a_grey_or_transparent_picture_is_captioned_as_well(blip_folder: Path) -> None:
    captioner = Captioner(str(blip_folder), device="cpu")

    assert isinstance(captioner.caption(PICTURE.convert("L")), str)
    assert isinstance(captioner.caption(PICTURE.convert("RGBA")), str)


def test_a_folder_that_holds_no_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NodeError) as caught:
        Captioner(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_caption_is_one_tidy_line() -> None:
    assert tidy("  a cat\n sitting on  a bench . ") == "a cat sitting on a bench"
    assert tidy("") == ""


def test_a_long_caption_is_cut_at_a_word() -> None:
    cut = tidy("word " * 100)
    assert len(cut) <= LONGEST_CAPTION
    assert cut.split() == ["word"] * len(cut.split())
    assert len(tidy("x" * 1000)) == LONGEST_CAPTION


@given(st.text())
def test_tidying_is_bounded_and_done_once(text: str) -> None:
    line = tidy(text)
    assert len(line) <= LONGEST_CAPTION
    assert len(line.splitlines()) <= 1
