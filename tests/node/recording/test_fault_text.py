"""Faults are told without what a person said."""

from __future__ import annotations

from node.recording.fault_text import without_content


def test_where_and_what_kind_and_nothing_else() -> None:
    try:
        "my secret \udc80".encode()
    except UnicodeEncodeError as error:
        told = without_content(error)
    assert told.startswith("UnicodeEncodeError at test_fault_text.py:")
    assert "secret" not in told


def test_one_that_was_never_raised() -> None:
    assert without_content(ValueError("secret")) == "ValueError"
