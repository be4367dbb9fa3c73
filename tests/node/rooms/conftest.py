"""A home of one's own for rooms, a settings folder in it, and nothing in the environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.common import config


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that rooms and settings are kept in."""
    for name in [name for name in os.environ if name.startswith(config.ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "pictophone"
