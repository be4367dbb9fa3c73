#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What a room of 2 to 8 costs each node, by the route that speech takes: whole nodes, one process each, on loopback.

    scripts/bench_room [--nodes 2,8] [--route direct]... [--seconds 8] [--broker mosquitto] [--json]

One talks without a pause, the others have open microphones in quiet rooms. Rates are those of IP packets, headers
included, as each node's meter has them; a set-up is what went over the wire until there was speech to and from all
others. Without mosquitto: --broker nats, or the HOST:PORT of one that runs. Exit code 1 if a room does not come up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from typing import Any

from audiencebench.brokers import OWN, CannotStart, started
from protocol.errors import PictophoneError
from roombench.room import HEAD, Failed, measure

# The settings of each.
ROUTES: dict[str, dict[str, Any]] = {route: {"route": route} for route in ("direct", "broker", "auto")}

SIZES = (2, 3, 4, 6, 8)


def sizes(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(",")]
    if not all(2 <= number <= SIZES[-1] for number in numbers):
        raise ValueError
    return numbers


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench_room", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--nodes", type=sizes, default=list(SIZES), metavar="N,N", help="sizes of rooms, 2 to 8 [2,3,4,6,8]"
    )
    parser.add_argument("--route", action="append", choices=list(ROUTES), help="may be repeated; without it: all")
    parser.add_argument(
        "--seconds", type=float, default=8.0, help="of talk that is measured, after some that is not [8]"
    )
    parser.add_argument("--broker", default="mosquitto", help=f"{', '.join(OWN)}, or HOST:PORT of one that runs")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options, costs = parsed(arguments), []
    try:
        with started(options.broker) as brokers:
            if not options.json:
                print(HEAD)
            for route in options.route or ROUTES:
                for nodes in options.nodes:
                    costs.append(asyncio.run(measure(brokers, route, ROUTES[route], nodes, options.seconds)))
                    if not options.json:
                        print(costs[-1], flush=True)
    except (CannotStart, Failed, PictophoneError) as error:
        print(f"bench_room: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(cost) for cost in costs], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
