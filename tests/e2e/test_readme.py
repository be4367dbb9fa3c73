"""The README's commands, run as they are written, in their order, on a fresh clone: two friends walk through them.

What is left to the network is there already, as after a first `scripts/setup`: the packages in `.venv` and the
perception models. Calls get an end (`--seconds`), and the broker of the README, an example, is one of the tests' own.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from node.links.address import BrokerAddress

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
LINES = [[line.partition("  #")[0].strip() for line in block.splitlines()] for block in BLOCKS]
CLONE, DEMO, ACTIVATE = "git clone <this repository> && cd pictophone", "scripts/demo", ". .venv/bin/activate"
NEW, SAVE = "pictophone room new --save treehouse --broker broker.example.org", "pictophone room save treehouse"
CALL = "pictophone call treehouse"
# What is added to a command, so that it ends.
ENDS = {DEMO: " --json", CALL: " --seconds 10 --json"}


def test_the_walk_below_is_the_readme() -> None:
    """A command that comes to the README comes to the test below."""
    assert LINES == [[CLONE, DEMO], [ACTIVATE], [NEW, CALL], [SAVE, CALL]]


def repository(folder: Path) -> Path:
    """Make a repository of the working tree, whether or not all of it is committed."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git = ["git", "-C", str(folder), "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "a fresh clone"]):
        subprocess.run([*git, *command], check=True)
    return folder


def set_up(clone: Path, data: Path) -> None:
    """Leave what `scripts/setup` makes, with the packages of this interpreter instead of downloaded ones."""
    environment = clone / ".venv"
    venv.create(environment, with_pip=False)
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    packages = environment / "lib" / f"python{python}" / "site-packages"
    (packages / "checkout.pth").write_text("\n".join([str(clone), *site.getsitepackages()]))
    command = environment / "bin" / "pictophone"
    command.write_text(f'#!/bin/sh\nexec "{environment}/bin/python" -P -m node "$@"\n')
    command.chmod(0o755)
    wanted = b"".join((clone / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    (environment / ".made").write_text(f"{hashlib.sha256(wanted).hexdigest()} {python} {clone}\n")
    (environment / ".sound").touch()
    people = data / "pictophone" / "people"
    people.mkdir(parents=True)
    models = hashlib.sha256((clone / "node/vision/perception/files.py").read_bytes()).hexdigest()
    (environment / ".people").write_text(f"{models}  - {people}\n")


class Walker:
    """One of the friends: a terminal in the clone, a home, and what is in the environment."""

    def __init__(self, home: Path, clone: Path, broker: BrokerAddress) -> None:
        dropped = ("PYTHONPATH", "VIRTUAL_ENV", "XDG_CONFIG_HOME")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        own = {"HOME": str(home), "XDG_DATA_HOME": str(home.parent / "data"), "PYTHON": sys.executable}
        self._clone, self._environment = clone, kept | own | {"PICTOPHONE_BROKER": str(broker)}
        home.mkdir()

    def start(self, *lines: str, at: Path | None = None) -> subprocess.Popen[str]:
        """Type the lines, one after the other, into a new shell."""
        return subprocess.Popen(
            ["bash", "-e", "-c", "\n".join(line + ENDS.get(line, "") for line in lines)],
            cwd=at or self._clone, env=self._environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def type(self, *lines: str, at: Path | None = None, answer: str = "") -> str:
        """Return what the lines print; `answer` is what is typed when something is asked."""
        return finished(self.start(*lines, at=at), answer)


def finished(process: subprocess.Popen[str], answer: str = "") -> str:
    out, err = process.communicate(answer, timeout=300)
    assert process.returncode == 0, err
    return out


def test_every_command_of_the_readme_works_as_written(tmp_path: Path, mosquitto: BrokerAddress) -> None:
    source = repository(tmp_path / "source")
    clone, ann = tmp_path / "pictophone", Walker(tmp_path / "ann", tmp_path / "pictophone", mosquitto)
    ann.type(CLONE.replace("<this repository>", f"{source} pictophone"), at=tmp_path)
    set_up(clone, tmp_path / "data")

    demo = json.loads(ann.type(DEMO))
    assert all(side["picture"]["painted"] for side in demo.values())

    link = next(line for line in ann.type(ACTIVATE, NEW).splitlines() if line.startswith("pictophone:"))
    assert link.endswith("@broker.example.org")
    friend = Walker(tmp_path / "friend", clone, mosquitto)
    friend.type(ACTIVATE, SAVE, answer=f"{link}\n")

    calls = [walker.start(ACTIVATE, CALL) for walker in (ann, friend)]
    for call in calls:
        assert json.loads(finished(call))["call"]["setup_ms"] is not None
