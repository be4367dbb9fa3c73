"""Lines typed while a call runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from node import typed
from node.speech.profiles import CLEAR


@pytest.fixture
def node() -> Any:
    changed: list[Any] = []
    return SimpleNamespace(changed=changed, change=changed.append)


@pytest.mark.parametrize(
    ("line", "changed", "noted"),
    [
        ("/profile clear\n", [CLEAR], ""),
        ("/profile loud\n", [], "no speech profile 'loud'"),
        ("hello\n", [], typed.HELP),
        ("\n", [], ""),
    ],
)
def test_a_line_is_obeyed_or_explained(node: Any, line: str, changed: list[Any], noted: str) -> None:
    notes: list[str] = []
    typed.obey(node, line, notes.append)
    assert node.changed == changed
    assert noted in "".join(notes)
    assert bool(notes) == bool(noted)
