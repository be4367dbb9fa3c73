"""The floor at a page: a button that is held, and who has the floor among the people that are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from node.call.observers import CallObserver

if TYPE_CHECKING:
    from node.web.observed_node import ObservedNode
    from node.web.state import PageState
    from protocol.signalling import Hello

# A page on which the button is held says so every two seconds. From one that is gone nothing more is said.
HELD_S = 5.0


class HeldFloor(Protocol):
    """The floor of a node that speaks by push to talk (see `node.call.floor_control.FloorControl`)."""

    @property
    def holds(self) -> bool: ...

    @property
    def asks(self) -> bool: ...

    @property
    def holder(self) -> str: ...

    def ask(self) -> None: ...

    def release(self) -> None: ...


class PageFloor(CallObserver):
    """Asks for the floor of a node while the button of a page is held, and shows who has it in the page's `state`."""

    def __init__(self, floor: HeldFloor, state: PageState) -> None:
        self._floor, self._state = floor, state
        self._timer: asyncio.TimerHandle | None = None

    def talk(self, on: bool, again: bool) -> None:
        """Ask for the floor, or give it back; `again` says that the button is still held, whatever came of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not on:
            self._floor.release()
            return
        if not again:
            self._floor.ask()
        self._timer = asyncio.get_running_loop().call_later(HELD_S, self._floor.release)

    def joined(self, peer: str, hello: Hello) -> None:
        """Show it of one who said another hello, too."""
        self._state.set_facts(peer, floor=peer == self._floor.holder)

    def floor_changed(self, holder: str) -> None:
        """Show it at once."""
        for person in list(self._state.people):
            self._state.set_facts(person, floor=person == holder)
        if self._state.own is not None and self._state.own.floor != self.standing:
            self._state.own.floor = self.standing
            self._state.send_own()

    @property
    def standing(self) -> str:
        """What docs/web-api.md has as the floor of the page's own participant."""
        if self._floor.holds:
            return "yours"
        if self._floor.asks:
            return "asked"
        return "taken" if self._floor.holder else "free"


def watched(nodes: Sequence[ObservedNode], state: PageState) -> PageFloor | None:
    """Return the floor of the first node, if that pushes to talk, shown in the state from now on."""
    if not nodes or (floor := nodes[0].floor) is None:
        return None
    page_floor = PageFloor(floor, state)
    nodes[0].observers.add(page_floor)
    page_floor.floor_changed(floor.holder)
    return page_floor
