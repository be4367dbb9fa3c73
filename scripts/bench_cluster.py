#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Kills a node of a cluster under a member, again and again: how long until the member is at another node, and seen.

    scripts/bench_cluster.py nats|nats-edges|bridges|rabbitmq [--rounds N] [--json]

A member at the node that is killed retains a message; another, at another node, waits for the one that the first
retains again once it is back. `nats` kills each node in turn, which may lead the cluster's store; `nats-edges` and
`bridges` kill one that keeps nothing for the others.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from brokers import bridges, nats, rabbitmq
from brokers.process import BrokerProcess, Missing
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink

PATIENCE_S = 40.0
CLUSTERS: dict[str, Callable[..., Any]] = {
    "nats": nats.cluster,
    "nats-edges": nats.edges,
    "bridges": bridges.bridged,
    "rabbitmq": rabbitmq.cluster,
}
SPARES_THE_FIRST = ("nats-edges", "bridges")
TOPIC = "bench/n/p"


class Member:
    """A link, and when it came up and what it received."""

    def __init__(self, nodes: Sequence[BrokerProcess], at: int) -> None:
        order = [node.address for node in (*nodes[at:], *nodes[:at])]
        address: BrokerAddress = replace(order[0], others=tuple(order[1:]))
        self.ups: list[float] = []
        self.received: list[tuple[float, bytes]] = []
        self.link = MqttLink(
            address,
            on_message=lambda topic, payload: self.received.append((time.monotonic(), payload)),
            on_up=lambda: self.ups.append(time.monotonic()),
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - what it looks at is a list
                await asyncio.sleep(0.005)


async def one_round(nodes: Sequence[BrokerProcess], kill: int) -> tuple[float, float]:
    """Return the seconds from the death of a node until its member is up elsewhere, and until it is seen again."""
    first, second = Member(nodes, kill), Member(nodes, (kill + 1) % len(nodes))
    await second.link.subscribe(TOPIC)
    tasks = [asyncio.create_task(member.link.run()) for member in (first, second)]
    try:
        await first.until(lambda: bool(first.ups))
        await second.until(lambda: bool(second.ups))
        first.link.publish(Message(TOPIC, b"before", retain=True))
        await second.until(lambda: any(payload == b"before" for _, payload in second.received))
        died = time.monotonic()
        nodes[kill].kill()
        await first.until(lambda: len(first.ups) > 1)
        first.link.publish(Message(TOPIC, b"after", retain=True))
        await second.until(lambda: second.received[-1][1] == b"after")
        return first.ups[1] - died, second.received[-1][0] - died
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def bench(name: str, rounds: int) -> list[tuple[float, float]]:
    """Return what each round took; each has a cluster of its own."""
    found = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            Path(folder).chmod(0o755)  # for the user that mosquitto becomes
            nodes = stack.enter_context(CLUSTERS[name](Path(folder)))
            kill = len(nodes) - 1 - number % (2 if name in SPARES_THE_FIRST else len(nodes))
            found.append(asyncio.run(one_round(nodes, kill)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cluster", choices=sorted(CLUSTERS))
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        found = bench(options.cluster, options.rounds)
    except Missing as missing:
        parser.exit(1, f"bench_cluster: {missing}\n")
    for title, values in (("up elsewhere", [up for up, _ in found]), ("seen again", [seen for _, seen in found])):
        row = {"median_s": statistics.median(values), "max_s": max(values), "all_s": [round(v, 2) for v in values]}
        print(json.dumps({"what": title, **row}) if options.json else f"{title:14}{row}")


if __name__ == "__main__":
    main()
