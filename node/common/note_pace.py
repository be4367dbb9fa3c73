"""How many notes a person gets: a peer that comes and goes a hundred times a second must not drown the others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Of one kind at once: a room of eight that meets, leaves and meets again; and then one every five seconds.
BURST_OF_KIND, PER_S_OF_KIND = 24.0, 0.2

# Of all kinds: what can be read as it passes. A call's own notes are a few a minute.
BURST, PER_S = 64.0, 2.0

# Kinds that are known at once; a call has some twenty.
MAX_KINDS = 64

# What is the same in notes of a kind: "Ann is here", "the broker is back". Names stand before it.
WORDS_OF_KIND = 2


@dataclass(slots=True)
class _Bucket:
    burst: float
    per_s: float
    tokens: float
    since: float
    left_out: int = 0

    def refill(self, now: float) -> None:
        self.tokens = min(self.burst, self.tokens + (now - self.since) * self.per_s)
        self.since = now


class NotePace:
    """Lets notes pass, or counts them as left out; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kinds: OrderedDict[str, _Bucket] = OrderedDict()
        self._all = _Bucket(BURST, PER_S, BURST, clock())

    def take(self, text: str) -> Iterator[str]:
        """Yield the note, unless there were too many like it, and what there is to say of others."""
        yield from self.due()
        bucket = self._bucket(" ".join(text.split()[-WORDS_OF_KIND:]))
        self._all.refill(self._clock())
        if bucket.left_out or min(bucket.tokens, self._all.tokens) < 1:
            bucket.left_out += 1
            return
        bucket.tokens -= 1
        self._all.tokens -= 1
        yield text

    def due(self, at_end: bool = False) -> Iterator[str]:
        """Yield a line for each kind of which notes were left out, once another may be shown, or at the end."""
        now = self._clock()
        for kind, bucket in self._kinds.items():
            if not bucket.left_out:
                continue
            bucket.refill(now)
            if bucket.tokens >= 1 or at_end:
                count, bucket.left_out = bucket.left_out, 0
                bucket.tokens -= 1
                yield f"{count:,} more like “… {kind}”"

    def _bucket(self, kind: str) -> _Bucket:
        now = self._clock()
        bucket = self._kinds.pop(kind, None) or _Bucket(BURST_OF_KIND, PER_S_OF_KIND, BURST_OF_KIND, now)
        bucket.refill(now)
        self._kinds[kind] = bucket
        if len(self._kinds) > MAX_KINDS:
            self._kinds.popitem(last=False)
        return bucket
