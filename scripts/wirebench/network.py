"""A network of its own for two nodes: a network namespace and a veth pair for each, and a relay that joins them.

    [node a] a0 ══ a1 ┐                     ┌ b1 ══ b0 [node b]
                      ├ [hub: the relay] ───┤
    [broker] c0 ══ c1 ┘

Each namespace holds one end of a pair; the other ends lie in the hub's, without an address, where the relay copies what
comes in on one to the others. What a node sends is shaped on its own end, as by a slow uplink. Needs root, iproute2,
and veth and tbf in the kernel; neither netem nor iptables.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

NODES = ("a", "b", "c")  # c is the broker's
ADDRESSES = {name: f"10.77.0.{number}" for number, name in enumerate(NODES, start=1)}
HUB = "hub"
QUEUE_MS = 400  # what a shaped uplink holds before it drops, as a cheap router would
ETHERNET = 14  # bytes of each frame that the rate does not count: it is one of IP packets
CANNOT = "measure_wire: cannot make a network"
SIOCETHTOOL = 0x8946
OFFLOADS = (0x17, 0x1F, 0x24)  # ETHTOOL_STXCSUM, _STSO, _SGSO: the relay needs whole packets, with their checksums


@dataclass
class Network:
    """Names of the namespaces, unique to this process."""

    prefix: str = field(default_factory=lambda: f"wire{os.getpid()}")

    def namespace(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def inside(self, name: str) -> list[str]:
        """The beginning of a command that is to run there."""
        return ["ip", "netns", "exec", self.namespace(name)]


@contextlib.contextmanager
def network(rate_kbps: float = 0.0) -> Iterator[Network]:
    """Builds it, and takes it down whatever happens. Raises SystemExit in one line if it cannot be built."""
    made = Network()
    try:
        _build(made, rate_kbps)
        yield made
    finally:
        for name in (*NODES, HUB):
            subprocess.run(["ip", "netns", "del", made.namespace(name)], capture_output=True, check=False)


def _build(made: Network, rate_kbps: float) -> None:
    try:
        for name in (*NODES, HUB):
            _ip("netns", "add", made.namespace(name))
        for name in NODES:
            _join(made, name)
        if rate_kbps:
            for name in ("a", "b"):
                _shape(made, name, rate_kbps)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        sys.exit(
            f"{CANNOT} ({reason.strip()}); it needs root, iproute2 (apt: iproute2), and veth and tbf in the kernel"
        )


def _join(made: Network, name: str) -> None:
    near, far = f"{name}0", f"{name}1"
    here, hub = made.namespace(name), made.namespace(HUB)
    _ip("link", "add", near, "netns", here, "type", "veth", "peer", "name", far, "netns", hub)
    for namespace, device in ((here, near), (hub, far)):
        _run("ip", "netns", "exec", namespace, sys.executable, __file__, device)
    _ip("-n", here, "addr", "add", f"{ADDRESSES[name]}/24", "dev", near)
    _ip("-n", hub, "link", "set", far, "arp", "off", "promisc", "on", "up")
    _ip("-n", here, "link", "set", near, "up")
    _ip("-n", here, "link", "set", "lo", "up")


def _shape(made: Network, name: str, rate_kbps: float) -> None:
    overhead = ("stab", "overhead", f"-{ETHERNET}", "linklayer", "ethernet")
    bucket = ("rate", f"{rate_kbps * 1000:.0f}bit", "burst", "1600", "latency", f"{QUEUE_MS}ms")
    _run(*made.inside(name), "tc", "qdisc", "add", "dev", f"{name}0", "root", *overhead, "tbf", *bucket)


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def prepare(device: str) -> None:
    """Runs inside a namespace: no IPv6, which would speak unasked, and no offloading to a card that does not exist."""
    for group in ("all", "default"):
        with contextlib.suppress(OSError):
            Path(f"/proc/sys/net/ipv6/conf/{group}/disable_ipv6").write_text("1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", device.encode(), ctypes.addressof(value))
            with contextlib.suppress(OSError):
                fcntl.ioctl(control, SIOCETHTOOL, request)


if __name__ == "__main__":
    prepare(sys.argv[1])
