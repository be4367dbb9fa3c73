"""Notes to the user: each once, or no more than can be read while a peer joins and leaves a hundred times a second."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Different lines that NoteOnce remembers; they are few, unless a damaged session makes them.
MAX_REMEMBERED = 1000

# Notes of one kind at once: a room of eight that meets, leaves and meets again; and then one every five seconds.
BURST_OF_KIND, PER_S_OF_KIND = 24.0, 0.2

# Notes of all kinds: what can be read as it passes. A call's own notes are a few a minute.
BURST, PER_S = 64.0, 2.0

# Kinds that are counted at once; a call has some twenty.
MAX_KINDS = 64

# Words at the end that are the same in notes of a kind: "Ann is here", "the broker is back". Names precede them.
WORDS_OF_KIND = 2


class NoteOnce:
    """A note function that passes each line on to `note` the first time only."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._noted: set[str] = set()

    def __call__(self, text: str) -> None:
        if text not in self._noted and len(self._noted) < MAX_REMEMBERED:
            self._noted.add(text)
            self._note(text)


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
    """A limit on the rate of notes, of each kind and in all; `clock` is in seconds. Others are counted as left out."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kinds: OrderedDict[str, _Bucket] = OrderedDict()
        self._all = _Bucket(BURST, PER_S, BURST, clock())
        self._forgotten = 0

    def take(self, text: str) -> Iterator[str]:
        """Yield the note unless there were too many like it, after the lines that `due` yields."""
        yield from self.due()
        bucket = self._bucket(" ".join(text.split()[-WORDS_OF_KIND:]))
        if bucket.left_out or not self._spend(bucket):
            bucket.left_out += 1
        else:
            yield text

    def due(self, at_end: bool = False) -> Iterator[str]:
        """Yield a line for each kind of which notes were left out, once another may be shown, or at the end."""
        for kind, bucket in self._kinds.items():
            if bucket.left_out and (self._spend(bucket) or at_end):
                count, bucket.left_out = bucket.left_out, 0
                yield f"{count:,} more like “… {kind}”"
        if self._forgotten and (self._spend(self._all) or at_end):
            count, self._forgotten = self._forgotten, 0
            yield f"{count:,} more notes of other kinds"

    def _spend(self, bucket: _Bucket) -> bool:
        """Return whether a line may be shown, and count it."""
        now = self._clock()
        for each in (bucket, self._all):
            each.refill(now)
        if min(bucket.tokens, self._all.tokens) < 1:
            return False
        bucket.tokens -= 1
        if bucket is not self._all:
            self._all.tokens -= 1
        return True

    def _bucket(self, kind: str) -> _Bucket:
        bucket = self._kinds.pop(kind, None) or _Bucket(BURST_OF_KIND, PER_S_OF_KIND, BURST_OF_KIND, self._clock())
        self._kinds[kind] = bucket
        if len(self._kinds) > MAX_KINDS:
            _, oldest = self._kinds.popitem(last=False)
            self._forgotten += oldest.left_out
        return bucket
