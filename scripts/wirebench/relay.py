"""The hub of the network: copies Ethernet frames from one port to another, impairs them, and notes what nodes send.

Runs as a process of its own inside the hub's namespace, until its standard input closes; then writes what it saw.
"""

from __future__ import annotations

import heapq
import itertools
import json
import select
import socket
import sys
import time

from wirebench.capture import BY_TCP, Seen, kind_and_size
from wirebench.impairment import Conditions, Impairment
from wirebench.network import NODES

ALL_PROTOCOLS = 0x0003  # ETH_P_ALL
OUTGOING = 4  # PACKET_OUTGOING: what we sent ourselves
MAX_FRAME = 65_535
IDLE_S = 0.2
MULTICAST = 0x01


class Relay:
    """A switch of three ports with a network's faults between them. A line on standard input lets UDP through."""

    def __init__(self, conditions: Conditions) -> None:
        self._no_udp = conditions.no_udp
        self._ports = {name: _port(f"{name}1") for name in NODES}
        self._names = {port.fileno(): name for name, port in self._ports.items()}
        self._at: dict[bytes, str] = {}  # which hardware address is behind which port
        pairs = enumerate(itertools.permutations(NODES, 2))
        self._faults = {pair: Impairment(conditions, seed) for seed, pair in pairs}
        self._waiting: list[tuple[float, int, str, bytes]] = []
        self._count = itertools.count()
        self.seen: list[Seen] = []

    def run(self) -> None:
        """Relays until standard input closes."""
        sources = [*self._ports.values(), sys.stdin]
        while True:
            readable, _, _ = select.select(sources, [], [], self._patience())
            if sys.stdin in readable:
                if not sys.stdin.readline():
                    return
                self._no_udp = False
                continue
            for port in readable:
                self._receive(port)
            self._send_due()

    def _patience(self) -> float:
        return max(0.0, min(IDLE_S, self._waiting[0][0] - time.monotonic())) if self._waiting else IDLE_S

    def _receive(self, port: socket.socket) -> None:
        frame, address = port.recvfrom(MAX_FRAME)
        if address[2] == OUTGOING:
            return
        now, name = time.monotonic(), self._names[port.fileno()]
        self._at[frame[6:12]] = name
        if what := kind_and_size(frame):
            self.seen.append(Seen(now, name, *what))
        if what and self._no_udp and what[0] not in BY_TCP:
            return
        for target in self._targets(frame, name):
            delay = self._faults[name, target].delay_s() if what else 0.0
            if delay is not None:
                heapq.heappush(self._waiting, (now + delay, next(self._count), target, frame))

    def _targets(self, frame: bytes, source: str) -> list[str]:
        known = self._at.get(frame[0:6])
        if known and not frame[0] & MULTICAST:
            return [known] if known != source else []
        return [name for name in NODES if name != source]

    def _send_due(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, target, frame = heapq.heappop(self._waiting)
            self._ports[target].send(frame)


def _port(device: str) -> socket.socket:
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    port.bind((device, 0))
    return port


if __name__ == "__main__":
    relay = Relay(Conditions(**json.loads(sys.argv[1])))
    print("ready", flush=True)
    relay.run()
    json.dump(relay.seen, sys.stdout)
