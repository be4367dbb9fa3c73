"""A process that knows a secret leaves no core."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command import ROOM

resource = pytest.importorskip("resource", reason="needs a system with limits of its own")

SHOW = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"


def limit_after(code: str) -> int:
    """The limit of a process that ran this, having begun with whatever the system allows."""
    begin = "import resource as r; r.setrlimit(r.RLIMIT_CORE, (r.getrlimit(r.RLIMIT_CORE)[1],) * 2)"
    done = subprocess.run(
        [sys.executable, "-c", f"{begin}\n{code}\n{SHOW}"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_who_resolves_a_room_leaves_none() -> None:
    if not limit_after(""):
        pytest.skip("needs a system that allows cores")
    resolve = f"from node import config; from node.rooms import resolve; resolve({ROOM!r}, config.load())"
    assert limit_after(resolve) == 0
