"""The real models, if they were fetched, and the photos beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.vision.perception import files
from node.vision.perception.perceiver import Perceiver
from protocol.errors import NodeError

SHARED_PEOPLE = Path(__file__).parents[5] / "shared" / "data" / "people"


@pytest.fixture(scope="session")
def perceiver() -> Perceiver:
    """All models of people."""
    try:
        files.verified(files.folder())
    except NodeError as error:
        pytest.skip(str(error))
    return Perceiver()


@pytest.fixture(scope="session")
def shared_people() -> Path:
    """The labelled photos of people."""
    if not SHARED_PEOPLE.is_dir():
        pytest.skip(f"needs the photos beside the checkout, in {SHARED_PEOPLE}")
    return SHARED_PEOPLE
