#!/usr/bin/env python3
"""Sets the node's own meter beside a packet capture: one call on loopback, every packet captured from the kernel.

    sudo .venv/bin/python scripts/measure_wire.py [--seconds N]

Needs Linux and the right to open a packet socket (root). Prints bytes from the IP header on, by kind, for both nodes
and both directions together; nothing else on this machine may use UDP on 127.0.0.1 meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator

from node.call import Node
from node.links import broker
from node.links.address import BrokerAddress
from node.links.wire import udp_kind
from node.opening import preload
from node.parts import Parts, Place
from node.speech.dialogue import voice_source
from node.speech.profiles import LEAN
from node.speech.sinks import NullSink
from node.tally import Tally
from node.tasks import first_error
from node.vision.cameras import open_camera

LOOPBACK = "127.0.0.1"
ETHERNET_HEADER = 14
ALL_PROTOCOLS = 0x0003  # ETH_P_ALL
OUTGOING = 4  # PACKET_OUTGOING: loopback shows each packet twice, leaving and arriving
SETTLE_S = 0.5


class NumberedWords:
    """Stands for the models, which put nothing on the wire: other words at every look."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    async def caption(self, image: object, client: str = "") -> str:
        return f"a woman with long brown hair is waving in a kitchen, number {next(self._numbers)}"

    async def paint(self, text: str, seed: int, **what_else: object) -> object:
        return None


def capture(broker_port: int, packet: bytes, counts: Counter[str]) -> None:
    """Counts one Ethernet frame of loopback if it belongs to the call."""
    ip = packet[ETHERNET_HEADER:]
    if ip[0] >> 4 != 4 or socket.inet_ntoa(ip[12:16]) != LOOPBACK:
        return
    header = (ip[0] & 15) * 4
    length = int.from_bytes(ip[2:4])
    ports = {int.from_bytes(ip[header : header + 2]), int.from_bytes(ip[header + 2 : header + 4])}
    if ip[9] == socket.IPPROTO_UDP and 53 not in ports:
        counts[udp_kind(ip[header + 8 : length])] += length
    elif ip[9] == socket.IPPROTO_TCP and broker_port in ports:
        counts["mqtt"] += length


@contextlib.contextmanager
def capturing(broker_port: int) -> Iterator[Counter[str]]:
    """Captures on the loopback interface for the length of the context."""
    counts: Counter[str] = Counter()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as raw:
        raw.bind(("lo", 0))
        raw.setblocking(False)

        def drain() -> None:
            with contextlib.suppress(BlockingIOError):
                while True:
                    packet, address = raw.recvfrom(65_535)
                    if address[2] == OUTGOING:
                        capture(broker_port, packet, counts)

        loop = asyncio.get_running_loop()
        loop.add_reader(raw, drain)
        try:
            yield counts
        finally:
            loop.remove_reader(raw)


@contextlib.asynccontextmanager
async def call(port: int) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes talking and sending pictures."""
    there = Place("wire", BrokerAddress(LOOPBACK, port), address=LOOPBACK)
    nodes = []
    for name, scene in (("a", "scene:1"), ("b", "scene:2")):
        parts = Parts(LEAN, NumberedWords(), voice_source(name), NullSink(), open_camera(scene), paints=True)  # type: ignore[arg-type]
        nodes.append(Node(name, there, parts))
    with first_error():
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(node.run(), name=node.name) for node in nodes]
            yield nodes[0], nodes[1]
            for task in running:
                task.cancel()


async def measure(seconds: float) -> tuple[Counter[str], Counter[str]]:
    """One call; bytes by kind as captured and as metered."""
    preload()
    async with broker.serve(LOOPBACK, 0) as port:
        with capturing(port) as captured:
            async with call(port) as nodes:
                await asyncio.sleep(seconds)
            await asyncio.sleep(SETTLE_S)
        return captured, metered([node.count() for node in nodes])


def metered(tallies: list[Tally]) -> Counter[str]:
    """What the nodes' meters say: UDP as sent, TCP both ways, since the broker has no meter."""
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts.update({kind: count.bytes for kind, count in tally.meter.sent.items()})
        udp_in = sum(count.bytes for count in tally.meter.received.values())
        udp_out = sum(count.bytes for count in tally.meter.sent.values())
        counts["mqtt"] += tally.meter.total("sent") - udp_out + tally.meter.total("received") - udp_in
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    seconds = parser.parse_args().seconds
    try:
        captured, meter = asyncio.run(measure(seconds))
    except PermissionError:
        sys.exit("measure_wire: a packet capture needs root: sudo .venv/bin/python scripts/measure_wire.py")
    captured["all"], meter["all"] = captured.total(), meter.total()
    print(f"{'kind':6}{'captured':>10}{'metered':>10}{'kbit/s':>9}  difference")
    for kind in sorted(captured.keys() | meter.keys(), key=lambda name: (name == "all", name)):
        rate, difference = captured[kind] * 8 / seconds / 1000, meter[kind] - captured[kind]
        print(f"{kind:6}{captured[kind]:>10}{meter[kind]:>10}{rate:>9.2f}  {difference:+d} bytes")


if __name__ == "__main__":
    main()
