#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Whether speech keeps its deadlines while pictures are painted: the demo's call beside a worker that never rests.

Prints how late the event loop was as well, and what held it. Ends with exit code 1 if any deadline was missed.
`pictophone models bench --deadlines MINUTES` measures the same.

    .venv/bin/python scripts/bench_deadlines.py --minutes 5
    .venv/bin/python scripts/bench_deadlines.py --minutes 1 --hostile     # beside a peer that sends the worst captions
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from node.bench import deadlines
from node.common import config
from node.terminal.summary import as_json
from protocol.errors import NodeError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--models", default="embedded", help="a preset")
    parser.add_argument("--hostile", action="store_true", help="with a peer that sends the worst captions, 20 a second")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        settings = config.load(models=arguments.models)
        figures = asyncio.run(deadlines.run(settings, arguments.minutes, arguments.json, arguments.hostile))
    except NodeError as error:
        sys.exit(f"bench_deadlines: {error}")
    print(as_json(figures) if arguments.json else "\n".join(deadlines.for_people(figures)))
    sys.exit(figures["deadlines_missed"] > 0)


if __name__ == "__main__":
    main()
