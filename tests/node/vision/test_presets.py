from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.common import config
from node.vision.presets import (
    PERCEPTION,
    PRESETS,
    RECIPES,
    Recipe,
    check_name,
    choose,
    chosen_models,
    is_folder,
    only_drawings,
    preset,
    recipe,
)
from protocol.errors import NodeError


def test_the_presets_are_these() -> None:
    assert list(PRESETS) == ["embedded", "people", "photo-cpu", "photo-gpu"]
    for name in PRESETS:
        assert preset(name).name == name
        check_name(preset(name).captioner)
        check_name(preset(name).generator)


def test_every_preset_that_is_downloaded_has_a_recipe() -> None:
    assert {each.generator for each in PRESETS.values() if not is_folder(each.generator)} <= set(RECIPES)


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(NodeError, match=r"'photo'.*embedded, people, photo-cpu, photo-gpu"):
        preset("photo")


def test_a_model_named_beside_a_preset_takes_its_place() -> None:
    assert choose("embedded") == preset("embedded")
    assert choose("photo-cpu", captioner="folder").captioner == "folder"
    assert choose("photo-cpu", captioner="folder").generator == preset("photo-cpu").generator
    assert choose("photo-cpu", generator="embedded").generator == preset("embedded").generator
    with pytest.raises(NodeError, match="'folder'"):
        choose("folder")


def test_the_settings_choose_the_models() -> None:
    assert chosen_models(config.load()) == preset("embedded")
    assert chosen_models(config.load(captioner="people")).captioner == PERCEPTION
    assert chosen_models(config.load(captioner="people")).generator == preset("embedded").generator
    assert chosen_models(config.load(models="people")) == preset("people")


def test_the_perception_models_are_no_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / PERCEPTION).mkdir()
    monkeypatch.chdir(tmp_path)
    assert not is_folder(PERCEPTION)
    assert is_folder(f"./{PERCEPTION}")
    assert not only_drawings(PERCEPTION)
    check_name(PERCEPTION)


@pytest.mark.parametrize("model", ["/nowhere/model", "./model", "~/no such model", "a/b/c", "", "two words"])
def test_a_name_that_can_be_no_model_is_refused(model: str) -> None:
    with pytest.raises(NodeError, match="check the path"):
        check_name(model)


def test_folders_and_hub_ids_are_told_apart(tmp_path: Path) -> None:
    check_name(str(tmp_path))
    check_name("owner/name-1.0")
    assert is_folder(str(tmp_path))
    assert not is_folder("owner/name-1.0")


def test_a_folder_says_how_it_is_run(tmp_path: Path) -> None:
    assert recipe(str(tmp_path)) == Recipe()
    (tmp_path / "pictophone.json").write_text('{"steps": 2, "guidance": 0, "size": 256, "trained_on": "scenes"}')
    assert recipe(str(tmp_path)) == Recipe(steps=2, guidance=0, size=256)
    (tmp_path / "pictophone.json").write_text('{"grammar": "scenes"}')
    assert recipe(str(tmp_path)) == Recipe(grammar="scenes")


def test_of_the_presets_only_those_with_the_embedded_generator_know_a_grammar() -> None:
    assert {name for name, each in PRESETS.items() if recipe(each.generator).grammar == "scenes"} == {
        "embedded",
        "people",
    }


def test_a_known_hub_id_has_its_recipe_and_others_the_default() -> None:
    turbo = recipe("stabilityai/sd-turbo")
    assert (turbo.steps, turbo.guidance, turbo.timestep_spacing) == (1, 0, "trailing")
    assert all(each.guidance == 0 for each in RECIPES.values() if each.steps == 1)
    assert recipe("somebody/something") == Recipe()


@pytest.mark.parametrize(
    "text", ["", "[]", "7", '{"steps": 0}', '{"size": 100000}', '{"steps": "four"}', '{"guidance": null}', "\ud800"]
)
def test_a_recipe_that_is_none_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "pictophone.json").write_text(text, errors="replace")
    with pytest.raises(NodeError, match=r"pictophone\.json") as caught:
        recipe(str(tmp_path))
    assert "\n" not in str(caught.value)


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers()))


@given(st.dictionaries(st.sampled_from(["steps", "guidance", "size", "tiny_autoencoder", "grammar", "else"]), values))
def test_any_settings_are_a_recipe_or_the_documented_error(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("recipe")
    (folder / "pictophone.json").write_text(json.dumps(settings))
    try:
        found = recipe(str(folder))
    except NodeError:
        return
    assert isinstance(found.steps, int)
    assert isinstance(found.size, int)
    assert isinstance(found.guidance, int | float)
    assert found.tiny_autoencoder is None or isinstance(found.tiny_autoencoder, str)
