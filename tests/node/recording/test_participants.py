"""Who is in a session."""

from __future__ import annotations

import pytest

from node.recording.participants import ids_called
from protocol.errors import NodeError

KNOWN = [("a1", "Ann"), ("a2", "Ann"), ("b1", "Ben")]


@pytest.mark.parametrize(
    ("names", "ids"), [([], set()), (["Ann"], {"a1", "a2"}), (["a2"], {"a2"}), (["Ben", "a1"], {"a1", "b1"})]
)
def test_names_and_ids_find_ids(names: list[str], ids: set[str]) -> None:
    assert ids_called(names, KNOWN) == ids


def test_a_name_that_nobody_has_is_answered_with_each_name_once() -> None:
    with pytest.raises(NodeError, match=r"nobody here is called 'Zed'; there are: Ann, Ben$"):
        ids_called(["Ann", "Zed"], KNOWN)
    with pytest.raises(NodeError, match=r"there are: nobody$"):
        ids_called(["Ann"], [])
