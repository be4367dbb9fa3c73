#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""How many listeners a broker carries: one speaker, and thousands of MQTT connections in one process.

    scripts/bench_audience --listeners 500,1000,2000 --broker mosquitto --broker nats-cluster --plot audience.png
    scripts/bench_audience --listeners 2000 --broker 127.0.0.1:1883 --broker-pid $(pidof mosquitto)

Delays are from the speaker's write to the read of each listener, the bench's own part included; "ours" is the share of
a core that the bench itself took; "proven" is the share of the packets of speech that a sample of the listeners could
open, prove to be the speaker's, and play. A broker's CPU is that of all its nodes together, in shares of one core.
Brokers that run already are given as HOST:PORT[,HOST:PORT...]: listeners go to them in turn, the speaker to the first.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from audiencebench import plot
from audiencebench.brokers import OWN, CannotStart, started
from audiencebench.listeners import SPARE_FILES, TooFew, allow_files
from audiencebench.live import LiveStage
from audiencebench.plain import Plain
from audiencebench.runs import HEAD, Run, run
from protocol.errors import PictophoneError


def numbers(text: str) -> list[int]:
    found = [int(part) for part in text.split(",")]
    if min(found) < 1:
        raise ValueError
    return found


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench_audience", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listeners", type=numbers, default=[2000], metavar="N,N", help="one run each [2000]")
    parser.add_argument(
        "--broker", action="append", metavar="BROKER", help=f"{', '.join(OWN)}, or HOST:PORT,...; may be repeated"
    )
    parser.add_argument("--broker-pid", type=int, help="the process of a broker that runs already, for its CPU")
    parser.add_argument("--seconds", type=float, default=20.0, help="of speech in each run [20]")
    parser.add_argument("--sample", type=int, default=20, help="listeners that open and prove what they get [20]")
    parser.add_argument("--plain", action="store_true", help="messages of the same size with nothing in them")
    parser.add_argument("--plot", type=Path, help="draw the runs into this PNG file; needs matplotlib")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    return parser.parse_args(arguments)


def runs(options: argparse.Namespace) -> list[Run]:
    """Raises CannotStart, TooFew, PictophoneError."""
    found: list[Run] = []
    for name in options.broker or ["mosquitto"]:
        allow_files(max(options.listeners) + SPARE_FILES)  # the broker gets as many from us
        with started(name, options.broker_pid) as brokers:
            for count in options.listeners:
                found.append(
                    run(brokers, Plain() if options.plain else LiveStage(), count, options.seconds, options.sample)
                )
                if not options.json:
                    print(found[-1], flush=True)
    return found


def main(arguments: list[str] | None = None) -> int:
    options = parsed(arguments)
    if not options.json:
        print(HEAD, flush=True)
    try:
        found = runs(options)
        if options.plot:
            plot.draw(found, options.plot)
    except (CannotStart, TooFew, PictophoneError, OSError, ImportError) as error:
        print(f"bench_audience: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([one.as_row() for one in found], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
