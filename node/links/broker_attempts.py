"""Attempts to reach a broker: at which address, by which version of MQTT, and what the user is to know of it.

Until the broker has accepted a login once, what keeps the node from it ends the link, or is waited for. Later it is
said once, and tried again.
"""

from __future__ import annotations

from collections.abc import Callable

from node.links import broker_addresses, broker_errors
from node.links.address import BrokerAddress
from node.links.broker_addresses import BrokerAddresses, Resolve, Target
from node.links.broker_errors import BrokerError, Failure
from protocol.errors import NodeError


class Attempts:
    """What to try next, after what came of the attempts before."""

    def __init__(
        self,
        address: BrokerAddress,
        note: Callable[[str], None],
        waits: bool,
        resolve: Resolve = broker_addresses.resolve,
    ) -> None:
        self._addresses = BrokerAddresses(address, resolve)
        self._note, self._waits = note, waits
        self.was_accepted = self.has_served = False
        self._failures: list[Failure] = []  # of this round
        self._noted: BrokerError | None = None
        self._met_at: BrokerAddress = address.each()[0]
        self._speak_5: set[BrokerAddress] = set()

    async def next(self) -> Target:
        """Return the address to try now."""
        return await self._addresses.next()

    def speaks_5(self, address: BrokerAddress) -> bool:
        """Return whether MQTT 5 is spoken there: as the address says, or once 3.1.1 was refused."""
        return address.version == "5" or address in self._speak_5

    def is_up(self, target: Target) -> None:
        """Take note that the broker serves at this address; say so if it is another one than before."""
        if target.address != self._met_at:
            gone = ", ".join(f"{failure.address} ({failure.reason})" for failure in self._failures)
            self._note(f"the broker answers at {target.address}{f', not at {gone}' if gone else ''}")
        self._met_at, self._noted, self.has_served = target.address, None, True
        self._failures.clear()

    def failed(self, target: Target, error: Exception) -> None:
        """Take note of an attempt that the broker did not accept."""
        if self._another_version(target, error):
            self._addresses.again(target)
            return
        self._addresses.failed(target)
        self._failures.append(Failure.of(error, target.address))

    def cut_off(self, target: Target, error: Exception) -> None:
        """Take note of a connection that the broker accepted, and ended before it served."""
        self._addresses.failed(target)
        text = f"the broker {target.address} lets us in and then {broker_errors.cut_off(error)}; its log may say why"
        self._failures.append(Failure(target.address, BrokerError.UNAVAILABLE, text, "it ends the connection"))

    def lost(self, target: Target, lasted: bool) -> None:
        """Take note of the end of a connection that served: after one that lasted, each address is tried once more."""
        if lasted:
            self._addresses.lost(target)
        else:
            self._addresses.failed(target)

    def again(self, target: Target) -> None:
        """Try the same once more, at once."""
        self._addresses.again(target)

    def is_pause_due(self) -> bool:
        """Return whether all addresses were tried; then say what is wrong. Raises NodeError if that ends the link."""
        if not self._addresses.round_is_over:
            return False
        failures = self._failures.copy()
        self._failures.clear()
        if failures:
            self._report(failures)
        return True

    def _report(self, failures: list[Failure]) -> None:
        text = broker_errors.summary(failures)
        hopeless = all(failure.kind.is_final for failure in failures)
        if not self.was_accepted and (hopeless or not self._waits):
            raise NodeError(text)
        kind = next((failure.kind for failure in failures if failure.kind.is_final), failures[-1].kind)
        if kind is not self._noted:
            self._noted = kind
            self._note(f"{text}; trying again")

    def _another_version(self, target: Target, error: Exception) -> bool:
        """Return whether the other version of MQTT may serve where this one is refused."""
        address = target.address
        if address.version != "auto" or getattr(error, "code", None) not in broker_errors.ANOTHER_VERSION:
            return False
        was_5 = address in self._speak_5
        self._speak_5.symmetric_difference_update({address})
        return not was_5
