"""What comes from the broker goes to the node in the moment it is read, so that none of it ever waits or is dropped.

aiomqtt would keep messages in a queue, which a task empties slower than a flood fills it: good ones would be dropped
with the bad. Handed on at once, a flood is held up by TCP instead: one packet is read in each turn of the event loop,
where everything else has its turn, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class DirectQueue(asyncio.Queue[Any]):
    """A queue for aiomqtt that is always empty: ``take`` gets each message. What it raises comes out of the queue."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        super().__init__()
        self._take = take

    def put_nowait(self, item: Any) -> None:
        try:
            self._take(item)
        except Exception as error:  # whoever reads the queue raises it; here it would look like a lost connection
            super().put_nowait(error)
