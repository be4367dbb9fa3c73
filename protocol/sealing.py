"""The one place that everything which leaves through MQTT passes, and everything that comes in.

The node gives every payload to an `Envelope` with the topic it goes to, and opens what arrives with the topic
it came from. An empty payload is MQTT's way to clear a retained message: it is never sealed and never opened.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Envelope", "Unsealed"]


class Envelope(Protocol):
    """Seals payloads for one room."""

    def seal(self, topic: str, payload: bytes) -> bytes:
        """Return what to publish on `topic`."""

    def open(self, topic: str, sealed: bytes) -> bytes:
        """Return the payload that came on `topic`; raise `SealError` if it does not open."""


class Unsealed:
    """An envelope that protects nothing: whoever runs the broker reads and writes as he likes."""

    def seal(self, topic: str, payload: bytes) -> bytes:
        """Return `payload` as it is."""
        return payload

    def open(self, topic: str, sealed: bytes) -> bytes:
        """Return `sealed` as it is."""
        return sealed
