"""What one peer's message raises ends its handling, and nothing else."""

from __future__ import annotations

import asyncio
import logging

import pytest

from node.common.peer_faults import MAX_NOTED_PEERS, PeerFaults
from protocol.errors import CaptionError, NodeError, UsageError

SECRET = "a caption of no concern to a log"


def surrogates() -> UnicodeEncodeError:
    return UnicodeEncodeError("utf-8", SECRET, 0, 1, "surrogates not allowed")


@pytest.mark.parametrize("error", [ValueError(SECRET), RecursionError(SECRET), KeyError(SECRET), surrogates()])
def test_any_exception_is_counted_and_goes_no_further(error: Exception) -> None:
    notes: list[str] = []
    faults = PeerFaults(notes.append)
    for peer in ("b", "b", "c"):
        with faults.contained(peer, "a message"):
            raise error
    assert faults.count == 3
    assert [note.split(" could")[0] for note in notes] == ["a message of b", "a message of c"]
    assert type(error).__name__ in notes[0]


def test_neither_note_nor_log_has_what_the_error_says(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    with caplog.at_level(logging.DEBUG), PeerFaults(notes.append).contained("b", "a caption"):
        raise surrogates()
    assert "test_neither_note_nor_log" in caplog.text  # where it was raised
    assert SECRET not in caplog.text + "".join(notes)


def test_what_is_the_peers_fault_is_counted_without_a_note() -> None:
    notes: list[str] = []
    faults = PeerFaults(notes.append)
    with faults.contained("b", "a caption"):
        raise CaptionError("damaged")
    assert (faults.count, notes) == (1, [])


@pytest.mark.parametrize("error", [NodeError("no more"), UsageError("not so"), asyncio.CancelledError(), SystemExit()])
def test_what_is_meant_to_end_the_node_does(error: BaseException) -> None:
    faults = PeerFaults(print)
    with pytest.raises(type(error)), faults.contained("b", "a message"):
        raise error
    assert faults.count == 0


def test_a_flood_of_names_is_not_remembered_without_end() -> None:
    notes: list[str] = []
    faults = PeerFaults(notes.append)
    for number in range(2 * MAX_NOTED_PEERS):
        faults.add(str(number), "a message", ValueError())
    assert (faults.count, len(notes)) == (2 * MAX_NOTED_PEERS, MAX_NOTED_PEERS)
