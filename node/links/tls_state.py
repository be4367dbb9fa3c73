"""How a connection is protected: what `doctor` says of it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsState:
    """The version of TLS, and when the certificate ends (Unix time, seconds)."""

    version: str
    ends: float


def of(sock: socket.socket | None) -> TlsState | None:
    """Return how a connection is protected; None if it is not, or there is none."""
    if not isinstance(sock, ssl.SSLSocket) or not (certificate := sock.getpeercert()):
        return None
    return TlsState(sock.version() or "TLS", ssl.cert_time_to_seconds(str(certificate["notAfter"])))
