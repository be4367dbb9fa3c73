"""What a recording keeps of a node's counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.call.node import Node


def read(node: Node) -> dict[str, float]:
    """The counts of this moment, by name; what is unknown is left out. Bytes are those on the wire."""
    tally = node.count()
    into = tally.speech_in
    values = {
        "sent_bytes": tally.meter.total("sent"),
        "received_bytes": tally.meter.total("received"),
        "lost": into.lost,
        "late": into.late,
        "concealed_ms": round(into.concealed_ms),
        "underruns": into.underruns,
        "delay_ms": _rounded(node.delay_ms()),
        "said_dbfs": _rounded(tally.said.shown_dbfs),
        "heard_dbfs": _rounded(tally.heard.shown_dbfs),
    }
    return {name: value for name, value in values.items() if value is not None}


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 1)
