#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the audience's golden vectors: what a stage publishes, byte by byte, and what a listener makes of it.

    .venv/bin/python scripts/make_golden_audience.py [FILE]      (default: tests/data/golden_audience.json)

To be run when the protocol changes on purpose, and never because a test fails. Secret, key, session and time are fixed
in `tests/support/audience.py`; an hour ends in the middle.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "data" / "golden_audience.json"


def main(path: Path = FILE) -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
    from audience import golden

    path.write_text(json.dumps(golden(), indent=1) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
