"""A coturn in the broker's namespace, for nodes whose datagrams reach nobody."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from wirebench.capture import TURN_PORT
from wirebench.network import ADDRESSES, Network
from wirebench.server import serving

USER, PASSWORD = "wire", "a-network-of-its-own"

# As the nodes' settings name it.
ICE_SERVER = f"turn:{USER}:{PASSWORD}@{ADDRESSES['c']}:{TURN_PORT}?transport=tcp"


@contextlib.contextmanager
def serving_turn(made: Network, folder: Path) -> Iterator[None]:
    """Run it for the length of the context. Exits in one line where coturn is missing."""
    turnserver = shutil.which("turnserver") or shutil.which("turnserver", path="/usr/bin:/usr/sbin")
    if turnserver is None:
        sys.exit("measure_wire: --turn needs coturn")
    where = ("--listening-ip", ADDRESSES["c"], "--relay-ip", ADDRESSES["c"], "--listening-port", str(TURN_PORT))
    login = ("--lt-cred-mech", "--realm", "wire", "--user", f"{USER}:{PASSWORD}", "--userdb", str(folder / "turndb"))
    quiet = ("-n", "--no-tls", "--no-dtls", "--no-cli", "--log-file", "stdout", "--pidfile", str(folder / "turn.pid"))
    with serving(made, "coturn", [turnserver, *where, *login, *quiet], TURN_PORT):
        yield
