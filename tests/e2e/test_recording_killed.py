"""A recording process that is killed loses two seconds at most; `recover` makes a file that all readers take."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from bench_session import killed
from mcap.reader import make_reader

from node.recording.edit import recover
from node.recording.reader import SessionReader

MOST_S = 2.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_at_most_two_seconds_are_lost(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "killed.mcap"
    lost_s = killed(path, after_s=random.Random(seed).uniform(2.5, 6.0))
    assert lost_s <= MOST_S
    with SessionReader.open(path) as session:
        assert not session.complete
    recover(path, tmp_path / "mended.mcap", None)
    with SessionReader.open(tmp_path / "mended.mcap") as session:
        assert session.complete
        senders = {getattr(record, "sender", None) for record in session.records()}
        assert senders == {"a", "b"}
    with (tmp_path / "mended.mcap").open("rb") as file:
        assert list(make_reader(file, validate_crcs=True).iter_messages())
