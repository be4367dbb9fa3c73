"""A server in the broker's namespace, for as long as a call is measured."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from wirebench.network import ADDRESSES, Network

STARTS_S, LOOK_EVERY_S = 20.0, 0.1


@contextlib.contextmanager
def serving(made: Network, name: str, command: Sequence[str], port: int) -> Iterator[None]:
    """Run it for the length of the context, from when it listens on. Exits in one line if it does not."""
    whole = [*made.inside("c"), *command]
    with subprocess.Popen(whole, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _await(made, name, server, port)
            yield
        finally:
            server.terminate()


def _await(made: Network, name: str, server: subprocess.Popen[bytes], port: int) -> None:
    """Return when it listens."""
    look = f"import socket; socket.create_connection(({ADDRESSES['c']!r}, {port}), 1)"
    ends = time.monotonic() + STARTS_S
    while subprocess.run([*made.inside("c"), sys.executable, "-c", look], capture_output=True, check=False).returncode:
        if server.poll() is not None or time.monotonic() > ends:
            sys.exit(f"measure_wire: {name} does not serve")
        time.sleep(LOOK_EVERY_S)
