"""Modules that wait until they are used; and models of every kind, which must not notice."""

from __future__ import annotations

import hashlib
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny_painters
from PIL import Image

from node.vision import import_stubs
from node.vision.captioner import Captioner
from node.vision.generator import Generator
from node.vision.presets import PRESETS
from node.vision.types import Prompt

HEAVY = "import types\nvalue = types.__name__\ndef double(number): return 2 * number\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a part, both deferred, and another part."""
    name = "deferred_" + "".join(filter(str.isalpha, tmp_path.name))
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text(HEAVY)
    (folder / "part.py").write_text(HEAVY)
    (folder / "other.py").write_text(f"import {name}\nvalue = {name}.value\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", [import_stubs.StubFinder(), *sys.meta_path])
    part = f"{name}.part"
    monkeypatch.setitem(import_stubs.DEFERRED, name, {"stand_in": 7})
    monkeypatch.setitem(import_stubs.DEFERRED, part, {"double": import_stubs.deferred_call(part, "double")})
    return name


def has_run(name: str) -> bool:
    return "value" in vars(sys.modules[name])


def test_a_deferred_module_runs_when_it_is_used(package: str) -> None:
    module: Any = importlib.import_module(package)
    assert module.stand_in == 7
    assert not hasattr(module, "__wrapped__")
    assert not has_run(package)
    assert module.value == "types"
    assert has_run(package)
    assert sys.modules[package] is module
    assert not hasattr(module, "missing")


def test_what_is_taken_from_one_works_when_it_is_called(package: str) -> None:
    double = importlib.import_module(f"{package}.part").double
    assert not has_run(f"{package}.part")
    assert [double(2), double(number=3)] == [4, 6]
    assert has_run(f"{package}.part")
    assert not has_run(package)


def test_what_lies_in_one_finds_it_run(package: str) -> None:
    other: Any = importlib.import_module(f"{package}.other")
    assert other.value == "types"


def test_what_is_not_installed_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [import_stubs.StubFinder(), *sys.meta_path])
    monkeypatch.setitem(import_stubs.DEFERRED, "no_such_package", {})
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_package")


def test_plain_sizes_and_conditions_need_no_algebra() -> None:
    shapes = import_stubs.DEFERRED[import_stubs.SHAPES]
    assert [shapes[name](True) for name in import_stubs.GUARDS] == [True] * 4
    assert [shapes["sym_eq"]((1, 2), (1, 2)), shapes["sym_eq"]((1, 2), (1, 3)), shapes["sym_eq"]((1,), (1, 2))] == [
        True,
        False,
        False,
    ]
    assert [shapes["sym_eq"](1, 1), shapes["sym_eq"]([4], [5])] == [True, False]
    assert shapes["is_nested_int"](3) is False


def test_distributions_are_looked_up_when_they_are_asked_for() -> None:
    found = import_stubs.LazyDistributions()
    assert "torch" in found["torch"]
    assert len(found) == len(list(found)) > 20


STUBBED_RUN = """
import hashlib, json, sys
from PIL import Image
from node.vision import import_stubs
from node.vision.captioner import Captioner
from node.vision.generator import Generator
from node.vision.types import Prompt

import_stubs.install()
import_stubs.install()
captioners, painters = json.loads(sys.argv[1])
words, pictures = [], []
for folder in captioners:
    words.append(Captioner(folder).caption(Image.linear_gradient("L").convert("RGB")))
for folder in painters:
    generator = Generator(folder)
    painted = [generator.paint("a cat", 3), generator.paint_between(Prompt("a cat", 3), Prompt("a dog", 4), 0.5)]
    pictures.append([hashlib.sha256(picture.tobytes()).hexdigest() for picture in painted])
deferred = [name for name in import_stubs.DEFERRED if isinstance(sys.modules.get(name), import_stubs.DeferredModule)]
print(json.dumps([words, pictures, deferred, "sympy" in sys.modules]))
"""


def stubbed_run(captioners: list[Path], painters: list[Path]) -> list[Any]:
    """What the models give in a process that spares itself imports: words, pictures, and what was deferred."""
    folders = json.dumps([list(map(str, captioners)), list(map(str, painters))])
    done = subprocess.run(
        [sys.executable, "-c", STUBBED_RUN, folders], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    result: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def plain_words(folder: Path) -> str:
    return Captioner(str(folder)).caption(Image.linear_gradient("L").convert("RGB"))


def plain_pictures(folder: Path) -> list[str]:
    generator = Generator(str(folder))
    painted = [generator.paint("a cat", 3), generator.paint_between(Prompt("a cat", 3), Prompt("a dog", 4), 0.5)]
    return [hashlib.sha256(picture.tobytes()).hexdigest() for picture in painted]


def test_every_kind_of_model_says_and_paints_the_same(
    blip_folder: Path, pair_folder: Path, florence_folder: Path, chat_folder: Path, qwen_folder: Path, tmp_path: Path
) -> None:
    captioners = [blip_folder, pair_folder, florence_folder, chat_folder, qwen_folder]
    kinds = (tiny_painters.stable_diffusion, tiny_painters.turbo, tiny_painters.lcm, tiny_painters.klein)
    painters = [tmp_path / kind.__name__ for kind in kinds]
    for kind, folder in zip(kinds, painters, strict=True):
        kind(folder)
    words, pictures, *_ = stubbed_run(captioners, painters)
    assert words == [plain_words(folder) for folder in captioners]
    assert pictures == [plain_pictures(folder) for folder in painters]


def test_the_models_that_ship_spare_all_of_it() -> None:
    """Else a new version of a library imports something more, and this list wants to be longer."""
    embedded = PRESETS["embedded"]
    _, _, deferred, algebra = stubbed_run([Path(embedded.captioner)], [Path(embedded.generator)])
    assert {"torch._dynamo", import_stubs.GET_ITEM, import_stubs.SHAPES} <= set(deferred)
    assert not algebra
