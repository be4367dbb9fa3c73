"""A disk that fills up: no file may grow beyond so many bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

FULL = "File too large"


@contextlib.contextmanager
def small_disk(room: int) -> Iterator[None]:
    """For the length of the context, writing beyond so many bytes of a file fails."""
    resource = pytest.importorskip("resource", reason="needs limits on the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
