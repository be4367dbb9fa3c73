from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tiny_painters
from PIL import Image

from node.vision import generator as module
from node.vision.generator import Generator, coupled_noise
from node.vision.look_transfer import apply_look, encode_look
from node.vision.types import Prompt
from protocol import portrait
from protocol.errors import LookError, NodeError


def is_near(one: bytes, other: bytes) -> bool:
    """Whether two pictures are the same but for a rounding: how many are painted at once may change the last bit."""
    return len(one) == len(other) and max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 2


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


# -- portraits


PORTRAIT = portrait.encode(portrait.Portrait(0.5, 0.4, 0.4, 3.0, (152, 104, 76), (98, 58, 32), (50, 60, 200)), 13)
WORDS = "a woman with long brown hair wearing a blue shirt is smiling"


@pytest.fixture(scope="module")
def coupled(painter_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator:
    folder = tmp_path_factory.mktemp("coupled") / "painter"
    shutil.copytree(painter_folder, folder)
    (folder / "pictophone.json").write_text(json.dumps({"steps": 1, "guidance": 0, "size": 32, "coupled": 3}))
    return Generator(str(folder), device="cpu")


def test_numbers_are_the_means_of_the_first_channels_and_nothing_else_changes() -> None:
    import torch

    noise = torch.randn((1, 16, 16, 16), generator=torch.Generator().manual_seed(3))
    numbers = (0.9, 0.2, 0.5, 0.0, 1.0)
    changed = coupled_noise(noise, numbers)
    scores = changed[0, :5].mean((1, 2)) * 16
    assert torch.special.ndtr(scores).numpy() == pytest.approx([0.9, 0.2, 0.5, 0.001, 0.999], abs=1e-4)
    assert torch.equal(changed[0, 5:], noise[0, 5:])
    centred, before = (each[0, :5] - each[0, :5].mean((1, 2), keepdim=True) for each in (changed, noise))
    assert torch.allclose(centred, before, atol=1e-6)


def test_a_portrait_changes_the_noise_of_a_coupled_generator(coupled: Generator) -> None:
    plain = coupled.paint(WORDS, 7).tobytes()
    painted = coupled.paint(WORDS, 7, PORTRAIT)
    assert painted.size == (32, 32)
    assert painted.tobytes() != plain
    assert coupled.paint(WORDS, 7, PORTRAIT).tobytes() == painted.tobytes()
    before, after = Prompt(WORDS, 7), Prompt(WORDS, 7, PORTRAIT)
    assert is_near(coupled.paint_between(before, after, 0).tobytes(), plain)
    assert is_near(coupled.paint_between(before, after, 1).tobytes(), painted.tobytes())
    assert coupled.paint_between(before, after, 0.5).tobytes() not in (plain, painted.tobytes())


def test_a_generator_whose_noise_means_nothing_paints_the_words_alone(generator: Generator) -> None:
    assert generator.paint(WORDS, 7, PORTRAIT).tobytes() == generator.paint(WORDS, 7).tobytes()
    between = generator.paint_between(Prompt(WORDS, 7, PORTRAIT), Prompt(WORDS, 8, PORTRAIT), 0.3)
    assert between.tobytes() == generator.paint_between(Prompt(WORDS, 7), Prompt(WORDS, 8), 0.3).tobytes()


# -- the other families


FAMILIES = [tiny_painters.turbo, tiny_painters.lcm, tiny_painters.klein]


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda save: save.__name__)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("family")
    request.param(folder)
    return folder


@pytest.fixture(scope="module")
def painter(family: Path) -> Generator:
    return Generator(str(family), device="cpu")


def test_a_folder_of_each_family_paints_by_its_recipe(painter: Generator, capfd: pytest.CaptureFixture[str]) -> None:
    picture = painter.paint("a cat on a bench", 7)
    assert (picture.mode, picture.size) == ("RGB", (32, 32))
    assert painter.paint("a cat on a bench", 7).tobytes() == picture.tobytes()
    assert painter.paint("a cat on a bench", 8).tobytes() != picture.tobytes()
    assert painter.paint("a dog", 7).tobytes() != picture.tobytes()
    assert painter.paint("", 7).size == painter.paint("a cat " * 40, 7).size == (32, 32)
    assert capfd.readouterr() == ("", "")


def test_each_family_takes_a_look_and_has_a_way_between(painter: Generator) -> None:
    plain = painter.paint(*BEFORE).tobytes()
    assert len({plain, *(painter.paint(*BEFORE[:2], look).tobytes() for look in LOOKS)}) == 3
    assert painter.paint_between(BEFORE, AFTER, 0).tobytes() == plain
    assert painter.paint_between(BEFORE, AFTER_8, 0.5).size == (32, 32)


def test_each_family_paints_in_half_precision(family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(module, "number_type", lambda device, on_gpu: torch.bfloat16)
    generator = Generator(str(family), device="cpu")
    assert generator.pipeline.vae.dtype == torch.bfloat16
    assert generator.paint("a cat", 7, LOOKS[0]).size == generator.paint_between(BEFORE, AFTER, 0.5).size == (32, 32)


def test_convolutions_have_their_channels_innermost(painter: Generator) -> None:
    import torch

    pipeline = painter.pipeline
    networks = [pipeline.vae, *([pipeline.unet] if hasattr(pipeline, "unet") else [])]
    for network in networks:
        wide = [weight for weight in network.parameters() if weight.dim() == 4 and min(weight.shape) > 1]
        assert wide
        assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in wide)


def test_a_network_that_convolves_over_time_is_left_as_it_is() -> None:
    import torch

    pipeline = SimpleNamespace(vae=torch.nn.Conv3d(2, 2, 3))
    module.use_channels_last(pipeline)
    assert pipeline.vae.weight.is_contiguous()


def test_a_turbo_model_takes_its_one_step_from_the_last_timestep_through_its_tiny_autoencoder(tmp_path: Path) -> None:
    tiny_painters.turbo(tmp_path)
    generator = Generator(str(tmp_path), device="cpu")
    generator.paint("a cat", 1)
    assert generator.pipeline.scheduler.timesteps.tolist() == [999]
    assert type(generator.pipeline.vae).__name__ == "AutoencoderTiny"
    assert not generator.pipeline.do_classifier_free_guidance


def test_an_lcm_gets_its_guidance_and_asked_once_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_painters.lcm(tmp_path)
    generator = Generator(str(tmp_path), device="cpu")
    asked: list[tuple[int, bool]] = []
    forward = generator.pipeline.unet.forward

    def count(sample: Any, *rest: Any, timestep_cond: Any, **named: Any) -> Any:
        asked.append((len(sample), timestep_cond is not None))
        return forward(sample, *rest, timestep_cond=timestep_cond, **named)

    monkeypatch.setattr(generator.pipeline.unet, "forward", count)
    generator.paint("a cat", 1)
    assert asked == [(1, True)] * 2


BEFORE, AFTER, AFTER_8 = Prompt("a cat on a bench", 7), Prompt("a dog on a bench", 7), Prompt("a dog on a bench", 8)
LOOKS = [encode_look(Image.new("RGB", (8, 8), colour), 8) for colour in ((200, 60, 60), (60, 60, 200))]


def with_look(prompt: Prompt, look: bytes) -> Prompt:
    return Prompt(prompt.text, prompt.seed, look)


def test_a_look_is_what_the_picture_starts_from(generator: Generator) -> None:
    plain = generator.paint(*BEFORE)
    red, blue = (generator.paint(BEFORE.text, BEFORE.seed, look) for look in LOOKS)
    assert red.size == blue.size == (32, 32)
    assert len({picture.tobytes() for picture in (plain, red, blue)}) == 3
    assert generator.paint(BEFORE.text, BEFORE.seed, LOOKS[0]).tobytes() == red.tobytes()


def test_a_generator_of_one_step_takes_a_look_too(painter_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "painter"
    shutil.copytree(painter_folder, folder)
    (folder / "pictophone.json").write_text(json.dumps({"steps": 1, "guidance": 0, "size": 32}))
    generator = Generator(str(folder), device="cpu")
    red, blue = (generator.paint("a cat", 1, look) for look in LOOKS)
    assert red.tobytes() != blue.tobytes()


def test_a_look_that_is_none_raises_its_error(generator: Generator) -> None:
    with pytest.raises(LookError):
        generator.paint("a cat", 1, b"?")


def test_a_pipeline_that_cannot_start_from_a_picture_has_its_picture_moved(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = generator.paint(*BEFORE)
    monkeypatch.setattr(generator, "image_to_image", None)
    for look in LOOKS:
        assert generator.paint(BEFORE.text, BEFORE.seed, look).tobytes() == apply_look(plain, look).tobytes()


def test_a_pipeline_without_a_twin_is_found_out(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    import diffusers

    class Twin:
        """Takes a picture as a hint, not as its start."""

        def __call__(self, prompt: str, image: Image.Image) -> None: ...

    def no_twin(pipeline: object) -> None:
        raise ValueError("AutoPipeline cannot find a pipeline")

    for made in (lambda pipeline: Twin(), no_twin):
        monkeypatch.setattr(diffusers.AutoPipelineForImage2Image, "from_pipe", made)
        monkeypatch.delitem(generator.__dict__, "image_to_image", raising=False)
        assert generator.image_to_image is None
    generator.__dict__.pop("image_to_image")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BEFORE, AFTER),
        (BEFORE, AFTER_8),
        (with_look(BEFORE, LOOKS[0]), with_look(AFTER, LOOKS[1])),
        (with_look(BEFORE, LOOKS[0]), with_look(AFTER_8, LOOKS[1])),
        (with_look(BEFORE, LOOKS[0]), AFTER),
    ],
)
def test_between_two_pictures_lies_what_leads_from_one_to_the_other(
    generator: Generator, before: Prompt, after: Prompt
) -> None:
    first, middle, last = (generator.paint_between(before, after, share) for share in (0, 0.5, 1))
    assert last.tobytes() == generator.paint(*after).tobytes()
    if before.seed == after.seed or before.look:
        assert first.tobytes() == generator.paint(*before).tobytes()
    assert len({picture.tobytes() for picture in (first, middle, last)}) == 3


def test_pipelines_without_embeddings_cross_fade(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "embedding_pipelines", lambda: ())
    middle = generator.paint_between(BEFORE, AFTER, 0.5)
    assert middle.tobytes() == Image.blend(generator.paint(*BEFORE), generator.paint(*AFTER), 0.5).tobytes()


def test_mixed_noise_is_as_strong_as_noise() -> None:
    import torch

    one, other = (torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    middle = module.interpolate_noise(one, other, 0.5)
    assert 0.9 < middle.std() < 1.1
    assert torch.equal(module.interpolate_noise(one, one, 0.5), one)
    assert torch.allclose(module.interpolate_noise(one, other, 1), other, atol=1e-6)
