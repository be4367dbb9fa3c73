"""What a helper process of a node does at its start: leave its end to its parent, and keep its output for replies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from typing import BinaryIO

from node.common.signals import ENDING


def claim_stdout() -> BinaryIO:
    """Return standard output as the pipe of replies to the parent; what libraries print goes to standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


def leave_to_parent() -> None:
    """Ignore Ctrl-C and a closed terminal in a process of `multiprocessing`; it ends with its parent at the latest."""
    for number in ENDING:
        if number != signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
