"""What a person should be told once, however often it happens."""

from __future__ import annotations

from collections.abc import Callable

MOST = 1000
"""Different lines remembered; they are few, unless a damaged session makes them."""


class NoteOnce:
    """Passes each line on to `note` the first time."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        if text not in self._said and len(self._said) < MOST:
            self._said.add(text)
            self._note(text)
