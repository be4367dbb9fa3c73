"""The command `session export`: notes and a progress bar around the export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from node.common import output, signals
from node.progress import bars
from node.session import export


def run(file: Path, secret: bytes | None, **asked: Any) -> None:
    """Exports as `node.session.export.Asked` says. Raises as `node.session.export.run` does."""
    with bars() as progress:
        bar = progress.add_task(f"{Path(asked['output']).name}", total=None)

        def tell(done: float, total: float) -> None:
            progress.update(bar, completed=int(done), total=max(int(total), 1))

        signals.run(export.run(file, export.Asked(**asked), secret, output.remark, tell))
