"""What tests of the page share: a browser, a scripted node, axe-core."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import chromium
import pytest
import scripted_node
from chromium import Browser, SharedChromium
from PIL import Image
from scripted_node import ScriptedNode, demo, person, picture

AXE = "axe-core@4"
AXE_SCRIPT = "package/axe.min.js"
NPM_S = 60

COLOURS = ("#a04030", "#3060a0", "#408040", "#806020")
WORDS = (
    "a woman waves",
    "a man with a red hat drinks tea in a kitchen full of plants at night",
    "a cat",
    "a dog asleep",
)


@pytest.fixture(scope="session")
def shared_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedChromium]:
    """A Chromium with a microphone and a camera that need no device."""
    if chromium.binary() is None:
        pytest.skip("needs Chromium")
    shared = SharedChromium(tmp_path_factory.mktemp("browser"), chromium.fake_media())
    yield shared
    shared.end()


@pytest.fixture
async def browser(shared_chromium: SharedChromium) -> AsyncIterator[Browser]:
    """The shared Chromium, with a profile of this test's own."""
    async with shared_chromium.used() as browser:
        yield browser


@pytest.fixture
async def node() -> AsyncIterator[ScriptedNode]:
    """A demo of two people who have shown four pictures each."""
    async with ScriptedNode(demo()) as node:
        urls = [node.picture(Image.new("RGB", (256, 256), colour)) for colour in COLOURS]
        for name, each in zip("ab", (urls, urls[::-1]), strict=True):
            shown = [
                picture(number, words, url, url) for number, (words, url) in enumerate(zip(WORDS, each, strict=True))
            ]
            of = person(name, shown, history=[scripted_node.meters(second) for second in range(60)])
            node.state["people"]["ab".index(name)] = of
        yield node


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> str:
    """The script of axe-core, from npm; kept with pytest's cache."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("axe-core")
    if not (folder / AXE_SCRIPT).is_file():
        if shutil.which("npm") is None:
            pytest.skip("needs npm, to fetch axe-core")
        _fetch(folder)
    return (folder / AXE_SCRIPT).read_text(encoding="utf-8")


def _fetch(folder: Path) -> None:
    command = ["npm", "pack", AXE, "--silent", "--pack-destination", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=NPM_S)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm could not fetch {AXE}: {error}")
    packed = next(folder.glob("axe-core-*.tgz"))
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    packed.unlink()
