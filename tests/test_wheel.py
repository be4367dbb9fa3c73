"""What a wheel of the project holds: all that a call needs outside of the checkout. `pip wheel .` builds the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("node", "protocol")
NOT_SHIPPED = {".pyc"}
BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy of the sources: a build leaves folders behind."""
    if find_spec("setuptools") is None or int(version("setuptools").split(".")[0]) < 77:
        pytest.skip("the build backend is not here")
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source / name)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", BUILD, str(made)]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return zipfile.ZipFile(next(made.glob("*.whl")))


def test_every_file_of_the_packages_is_in_it(wheel: zipfile.ZipFile) -> None:
    """Models, codebooks, the page's files, voices, style sheets: whatever lies there is read by something."""
    here = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix not in NOT_SHIPPED
    }
    assert here - set(wheel.namelist()) == set()


@pytest.mark.parametrize(
    "name",
    [
        "protocol/captions/captions.codebook",
        "protocol/captions/scenes.codebook",
        "node/vision/embedded/captioner/model.safetensors",
        "node/vision/embedded/generator/unet/diffusion_pytorch_model.safetensors",
        "node/web/static/index.html",
        "node/media/dialogue/dialogue.json",
    ],
)
def test_what_a_call_needs_is_as_in_the_checkout(wheel: zipfile.ZipFile, name: str) -> None:
    assert wheel.read(name) == (ROOT / name).read_bytes()


def test_nothing_else_is_in_it(wheel: zipfile.ZipFile) -> None:
    """Tests and scripts would be packages of everybody's."""
    assert {name.split("/")[0].partition("-")[0] for name in wheel.namelist()} == {"node", "protocol", "pictophone"}


def test_the_command_is_in_it(wheel: zipfile.ZipFile) -> None:
    (entries,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "pictophone = node.commands:main" in wheel.read(entries).decode()
