"""The tree at the top of errors.py is the tree that is there."""

from __future__ import annotations

import re

import pytest

from protocol import errors


def _printed() -> dict[str, str]:
    """Read the printed tree: each error's name with its parent's."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ([│├└─ ]*)(\w+Error)\b", line):
            depth = len(match[1]) // 4
            path = [*path[:depth], match[2]]
            parents[match[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_the_printed_tree_is_true() -> None:
    assert _printed() == {name: getattr(errors, name).__base__.__name__ for name in errors.__all__}


def test_version_error_names_the_version() -> None:
    with pytest.raises(errors.VersionError, match="version 3") as caught:
        raise errors.VersionError(3)
    assert caught.value.version == 3
