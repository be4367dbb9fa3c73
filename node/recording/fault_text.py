"""Faults of this program, for notes and logs: what and where, and nothing of what a person said or showed."""

from __future__ import annotations

import traceback
from pathlib import Path


def without_content(error: BaseException) -> str:
    """Return the kind of an exception and the line that raised it: its own words may quote a caption."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
