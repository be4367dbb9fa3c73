"""The command `session export`: notes and a progress bar around the export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from node.common import output, signals
from node.common.progress import bars
from node.export import export


def run(file: Path, secret: bytes | None, **asked: Any) -> None:
    """Exports as `node.export.export.ExportOptions` says. Raises as `node.export.export.export_session` does."""
    with bars() as progress:
        bar = progress.add_task(f"{Path(asked['output']).name}", total=None)

        def tell(done: float, total: float) -> None:
            progress.update(bar, completed=int(done), total=max(int(total), 1))

        signals.run(export.export_session(file, export.ExportOptions(**asked), secret, output.remark, tell))
