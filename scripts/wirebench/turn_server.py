"""A coturn in the broker's namespace, for nodes whose datagrams reach nobody."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from wirebench.capture import TURN_PORT
from wirebench.network import ADDRESSES, Network

USER, PASSWORD = "wire", "a-network-of-its-own"
STARTS_S, LOOK_EVERY_S = 20.0, 0.1

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
    command = [*made.inside("c"), turnserver, *where, *login, *quiet]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _await(made, server)
            yield
        finally:
            server.terminate()


def _await(made: Network, server: subprocess.Popen[bytes]) -> None:
    """Return when it listens."""
    look = f"import socket; socket.create_connection(({ADDRESSES['c']!r}, {TURN_PORT}), 1)"
    ends = time.monotonic() + STARTS_S
    while subprocess.run([*made.inside("c"), sys.executable, "-c", look], capture_output=True, check=False).returncode:
        if server.poll() is not None or time.monotonic() > ends:
            sys.exit("measure_wire: coturn does not serve")
        time.sleep(LOOK_EVERY_S)
