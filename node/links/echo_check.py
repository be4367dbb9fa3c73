"""Check that the broker hands on what this node posts: hellos and signals come back to their sender, as to all others.

A broker that may not take a message, or finds it too large, drops it without a word at QoS 0. A node would wait for
others for ever, and they for it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Final

from node.links.address import BrokerAddress
from protocol.signalling.messages import MAX_MESSAGE_BYTES
from protocol.topics import Letter, patterns

# An offer goes to the broker and comes back over a link of 16 kbit/s, behind what waits before it, in some 2 s.
ECHO_PATIENCE_S: Final = 8.0
# A broker that ends the connection so often while it has a message of ours, and gives none back, ends it for that.
ENDS_IN_A_ROW: Final = 3
# What the largest offer is sealed into, its topic and the head of its packet.
LARGEST_PACKET: Final = MAX_MESSAGE_BYTES + 64

WATCHED: Final = (Letter.PRESENCE, Letter.SIGNAL)  # the topics of all nodes that a node reads, its own among them


class EchoCheck:
    """Calls `missing(letter, size)` once for each topic of ours on which nothing came back in time."""

    def __init__(self, missing: Callable[[Letter, int], None]) -> None:
        self._missing = missing
        self._awaited: dict[Letter, int] = {}
        self._timers: dict[Letter, asyncio.TimerHandle] = {}
        self._ends: Counter[Letter] = Counter()
        self._reported: set[Letter] = set()
        self._is_up = False

    def posted(self, letter: Letter, size: int) -> None:
        """Wait for a message of `size` bytes that this node posts, now or when the broker is back."""
        if letter in WATCHED and letter not in self._reported:
            self._awaited.setdefault(letter, size)
            self._wait()

    def returned(self, letter: Letter) -> None:
        """Stop waiting: a message of this node came back on its topic."""
        self._reported.discard(letter)
        del self._ends[letter]
        self._awaited.pop(letter, None)
        if (timer := self._timers.pop(letter, None)) is not None:
            timer.cancel()

    @property
    def pending(self) -> frozenset[Letter]:
        """The topics of ours on which an echo is due."""
        return frozenset(self._timers)

    def up(self) -> None:
        """Wait for what goes out now that the broker is there."""
        self._is_up = True
        self._wait()

    def down(self) -> None:
        """Forget what is awaited: the broker is gone, and the hello is posted again when it is back."""
        self._stop_timers()
        self._ends.update(self._awaited.keys())
        for letter in [letter for letter in self._awaited if self._ends[letter] >= ENDS_IN_A_ROW]:
            self._is_missing(letter)
        self._awaited.clear()

    def close(self) -> None:
        """Forget what is awaited: the link ends, and nothing comes back by it."""
        self._stop_timers()
        self._awaited.clear()

    def _stop_timers(self) -> None:
        self._is_up = False
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _wait(self) -> None:
        if self._is_up:
            loop = asyncio.get_running_loop()
            for letter in self._awaited.keys() - self._timers.keys():
                self._timers[letter] = loop.call_later(ECHO_PATIENCE_S, self._is_missing, letter)

    def _is_missing(self, letter: Letter) -> None:
        self._timers.pop(letter, None)
        self._reported.add(letter)
        self._missing(letter, self._awaited.pop(letter))


def not_handed_on(address: BrokerAddress, room: str, letter: Letter, size: int) -> str:
    """Return a line on a broker that keeps what we say to itself."""
    what, so = ("hello", "see") if letter is Letter.PRESENCE else ("call set-up", "call")
    cause = f"the broker {address} does not hand on our {what} of {size} bytes, so that nobody can {so} us"
    return f"{cause}: {demands(address, room)}"


def refused(address: BrokerAddress, room: str, filters: Collection[str]) -> str:
    """Return a line on a broker that refuses subscriptions."""
    return f"the broker {address} does not let us read {', '.join(filters)}: {demands(address, room)}"


def demands(address: BrokerAddress, room: str) -> str:
    """Return what a broker must allow for a room. No secret is in it."""
    return f"{access(address, patterns(room))}, and its limits messages of up to {LARGEST_PACKET} bytes"


def access(address: BrokerAddress, filters: Iterable[str]) -> str:
    """Return what a broker must let us read and write, as mosquitto's access list has it."""
    user = f"user {address.username}, " if address.username else ""
    return f"its access list must allow {user}{', '.join(f'topic readwrite {each}' for each in filters)}"
