"""What comes back of a stage's announcements: that the broker hands them on, and whether somebody else makes some.

A broker drops without a word what its access list does not let us publish. And the key of an audience may be in use
twice, on two machines, or in a program that was forgotten: listeners then hear bits of both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from node.links.address import BrokerAddress
from node.links.echo_check import ECHO_PATIENCE_S, access
from protocol.audience.announcement import ANNOUNCEMENT_LETTER
from protocol.audience.stage import Stage
from protocol.errors import RemoteError

TWICE: Final = (
    "another program speaks to this audience with the same key, so that listeners hear bits of both: end one of the "
    "two, or make an audience of another name"
)


class StageEcho:
    """Reads the announcements of a stage at the broker at `address`; `note` gets each line once."""

    def __init__(self, stage: Stage, address: BrokerAddress, note: Callable[[str], None]) -> None:
        self._stage, self._address, self._note = stage, address, note
        self.pattern = f"{stage.audience}/{ANNOUNCEMENT_LETTER}"
        self._came_back = self._is_noted = False
        self._began_ms: int | None = None
        self._others: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None

    def up(self, clock_ms: int) -> None:
        """Wait for what is announced at this moment of Unix time, in ms, unless one came back before."""
        if self._began_ms is None:
            self._began_ms = clock_ms
        if not self._came_back and not self._is_noted and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ECHO_PATIENCE_S, self._missing)

    def down(self) -> None:
        """Wait for nothing: the broker is gone, or the stage has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def receive(self, payload: bytes) -> None:
        """Take an announcement; what is none with our key is the listeners' affair."""
        try:
            announced = self._stage.recognise(payload)
        except RemoteError:
            return
        if announced.session == self._stage.session:
            self._came_back = True
            self.down()
        elif self._is_later(announced.time_ms) and not announced.ends and announced.session not in self._others:
            self._others.add(announced.session)
            self._note(TWICE)

    def refused(self) -> None:
        """Note that the broker does not let us read what we announce."""
        if not self._is_noted:
            self._is_noted = True
            self._note(f"the broker {self._address} does not let us read our announcements: {self._demand()}")

    def _is_later(self, time_ms: int) -> bool:
        """Tell this from what a broker kept of an earlier session of ours."""
        return self._began_ms is not None and time_ms > self._began_ms

    def _missing(self) -> None:
        self._timer, self._is_noted = None, True
        self._note(
            f"the broker {self._address} does not hand our announcements back, and if it drops them, nobody hears us: "
            f"{self._demand()}"
        )

    def _demand(self) -> str:
        return access(self._address, [f"{self._stage.audience}/+"])
