#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""How long speech stops when an address changes, a broker misbehaves, or a peer is killed: real calls, four faults.

Each call is one of two processes. The first fault needs root and iproute2, for a network of its own; without them its
row says why. Ends with exit code 1 if speech stopped for longer than it may.

    sudo .venv/bin/python scripts/bench_faults.py [--only FAULT]... [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys

from faultbench.faults import FAULTS
from faultbench.process import Ended


def measured(name: str) -> dict[str, float | str | bool | None]:
    """One row: how long speech stopped, and how long it may."""
    fault = FAULTS[name]
    row: dict[str, float | str | bool | None] = {"fault": name, "gap_s": None, "goal_s": fault.goal_s, "reason": None}
    try:
        gap = asyncio.run(fault.measure())
    except Ended as error:
        return row | {"good": False, "reason": str(error)}
    except TimeoutError:
        return row | {"good": False, "reason": "speech never came back"}
    except SystemExit as error:
        return row | {"good": None, "reason": str(error)}
    return row | {"gap_s": round(gap, 2) if math.isfinite(gap) else None, "good": gap <= fault.goal_s}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(FAULTS), help="measure this one")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [measured(name) for name in arguments.only or FAULTS]
    if arguments.json:
        print(json.dumps(rows))
    else:
        print(f"{'fault':30}{'without speech':>16}{'goal':>10}")
        for row in rows:
            gap = "-" if row["gap_s"] is None else f"{row['gap_s']:.2f} s"
            print(f"{row['fault']:30}{gap:>16}{row['goal_s']:>8.1f} s  {row['reason'] or ''}")
    sys.exit(any(row["good"] is False for row in rows))


if __name__ == "__main__":
    main()
