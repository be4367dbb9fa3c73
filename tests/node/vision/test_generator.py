from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from node.vision.generator import Generator
from protocol.errors import NodeError


@pytest.fixture(scope="module")
def generator(painter_folder: Path) -> Generator:
    return Generator(str(painter_folder), device="cpu")


def test_the_recipe_of_the_folder_sets_the_size(generator: Generator) -> None:
    picture = generator.paint("a cat on a bench", 7)
    assert (picture.mode, picture.size) == ("RGB", (32, 32))
    assert generator.size == 32


def test_the_same_words_and_seed_give_the_same_picture(generator: Generator) -> None:
    first = generator.paint("a cat on a bench", 7).tobytes()
    assert generator.paint("a cat on a bench", 7).tobytes() == first
    assert generator.paint("a cat on a bench", 8).tobytes() != first
    assert generator.paint("a dog on a bench", 7).tobytes() != first


def test_no_words_give_a_picture_too(generator: Generator) -> None:
    assert generator.paint("", 2**64 - 1).size == (32, 32)


def test_words_beyond_the_tokenizers_limit_change_nothing(
    generator: Generator, capfd: pytest.CaptureFixture[str]
) -> None:
    fits = " ".join("abcdefghijklmnopqrstuv")
    assert generator.paint(fits + " w x y z", 1).tobytes() == generator.paint(fits, 1).tobytes()
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_holds_no_pipeline_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NodeError) as caught:
        Generator(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_tiny_autoencoder_takes_the_place_of_the_pipelines_own(painter_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "painter"
    shutil.copytree(painter_folder, folder)
    settings = {"steps": 1, "guidance": 0, "size": 32, "tiny_autoencoder": str(painter_folder / "vae")}
    (folder / "pictophone.json").write_text(json.dumps(settings))

    assert Generator(str(folder), device="cpu").paint("a cat", 0).size == (32, 32)
