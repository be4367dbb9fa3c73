"""The command `session export`: notes and a progress bar around the export."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from node.progress import bars
from node.session import export


def run(file: Path, secret: bytes | None, **asked: Any) -> None:
    """Exports as `node.session.export.Asked` says. Raises as `node.session.export.run` does."""
    with bars() as progress:
        bar = progress.add_task(f"{Path(asked['output']).name}", total=None)

        def note(text: str) -> None:
            progress.console.print(f"pictophone: {text}", highlight=False, markup=False, soft_wrap=True)

        def tell(done: float, total: float) -> None:
            progress.update(bar, completed=int(done), total=max(int(total), 1))

        print_to = note if progress.console.is_terminal else lambda text: print(f"pictophone: {text}", file=sys.stderr)
        asyncio.run(export.run(file, export.Asked(**asked), secret, print_to, tell))
