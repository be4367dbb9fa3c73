"""The command broker: a small broker until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from node.links import broker
from node.opening import ending_signals


async def run(host: str, port: int, users: Mapping[str, str]) -> bool:
    """Serves until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    async with broker.serve(host, port, users) as listening:
        print(f"the broker listens on mqtt://{host}:{listening}; Ctrl-C ends it", flush=True)
        with ending_signals(stop.set):
            await stop.wait()
    return True
