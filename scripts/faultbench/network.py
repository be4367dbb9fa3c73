"""Two network namespaces joined by a cable, one end of which changes its address. Needs root and iproute2.

[node a] a0, .1, then .3 ══ b0, .2 [node b, broker]
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

BEFORE, AFTER, BROKER = "10.78.0.1", "10.78.0.3", "10.78.0.2"
CANNOT = "bench_faults: cannot make a network"


@dataclass(frozen=True)
class Cable:
    """Names of the namespaces, unique to this process."""

    prefix: str = field(default_factory=lambda: f"fault{os.getpid()}")

    def namespace(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def inside(self, name: str) -> list[str]:
        """The beginning of a command that is to run there."""
        return ["ip", "netns", "exec", self.namespace(name)]

    def move(self) -> None:
        """Give a another address, as another network would."""
        here = self.namespace("a")
        _ip("-n", here, "addr", "del", f"{BEFORE}/24", "dev", "a0")
        _ip("-n", here, "addr", "add", f"{AFTER}/24", "dev", "a0")


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Lay it, and take it away whatever happens. Raises SystemExit in one line if it cannot be laid."""
    made = Cable()
    try:
        _lay(made)
        yield made
    finally:
        for name in ("a", "b"):
            subprocess.run(["ip", "netns", "del", made.namespace(name)], capture_output=True, check=False)


def _lay(made: Cable) -> None:
    near, far = made.namespace("a"), made.namespace("b")
    try:
        for where in (near, far):
            _ip("netns", "add", where)
        _ip("link", "add", "a0", "netns", near, "type", "veth", "peer", "name", "b0", "netns", far)
        for where, device, address in ((near, "a0", BEFORE), (far, "b0", BROKER)):
            _ip("-n", where, "addr", "add", f"{address}/24", "dev", device)
            for one in (device, "lo"):
                _ip("-n", where, "link", "set", one, "up")
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip()
        sys.exit(f"{CANNOT} ({reason}); it needs root, iproute2 (apt: iproute2), and veth in the kernel")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
