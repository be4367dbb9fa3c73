"""Errors of task groups, one at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def first_error() -> Iterator[None]:
    """Around a TaskGroup: raises the first error of its tasks by itself; the others are what it led to."""
    try:
        yield
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
