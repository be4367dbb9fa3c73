"""Which caption codec a room gets: the newest that all who take pictures read; the user is told if that is worse."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from protocol.captions import registry
from protocol.captions.identity import Codebook
from protocol.signalling import Carries, Hello


class CodecChoice:
    """Chooses, and notes why captions cannot go as our newest codec: each reason once."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._said: set[str] = set()

    def choose(self, hellos: Collection[Hello]) -> int:
        """The newest lossless codec that every listener has with the same codebook; at worst 0."""
        listeners = [hello for hello in hellos if hello.carries & Carries.PICTURES_IN]
        common, best = common_codec(listeners), registry.newest()
        if common != best:
            for line in _reasons(listeners, best, common):
                self._say(line)
        return common

    def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._note(line)


def common_codec(listeners: Iterable[Hello]) -> int:
    """The newest lossless codec that all of them have with our codebook; at worst 0. With nobody there: our newest."""
    codecs: set[int] = set(registry.CODECS)
    books: set[Codebook] = set(registry.codebooks())
    for hello in listeners:
        codecs &= set(hello.codecs)
        books &= set(hello.codebooks)
    return registry.newest(codecs, books)


def _reasons(listeners: Iterable[Hello], best: int, common: int) -> Iterable[str]:
    how = "plain text" if common == 0 else f"codec {common} ({registry.name(common)})"
    for hello in listeners:
        if common_codec([hello]) == best:
            continue
        who = hello.name or "someone"
        reason = f"{who}'s codebook differs from ours" if best in hello.codecs else f"{who} lacks caption codec {best}"
        yield f"{reason}: captions to this room go as {how}"
