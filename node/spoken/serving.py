"""What the speech models' processes have in common: the lowest priority, and requests answered one after the other.

Requests and replies are msgpack arrays on standard input and output, none of which leaves the machine:

    (first)             ["ready"], or ["failed", why]
    request [...]       ["done", value], or ["fault", kind of exception]
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgpack

from node.common.child_process import claim_stdout
from protocol.errors import LocalError

# The least there is: speech, pictures and their words come first. Not the system's idle class, in which a busy machine
# would give it nothing at all.
NICENESS = 19

AUTOGROUP = Path("/proc/self/autogroup")

READ_BYTES = 1 << 16


def serve(load: Callable[[], Callable[..., Any]]) -> None:
    """Load a model, then answer each request by what `load` returned, until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lower_priority()
    replies = claim_stdout()
    requests: SimpleQueue[list[Any]] = SimpleQueue()
    threading.Thread(target=_queue_requests, args=(sys.stdin.fileno(), requests), daemon=True).start()

    def reply(*values: Any) -> None:
        replies.write(msgpack.packb(values))
        replies.flush()

    try:
        answer = load()
    except Exception as error:
        reply("failed", str(error) if isinstance(error, LocalError) else said(error))
        return
    reply("ready")
    while True:
        request = requests.get()
        try:
            reply("done", answer(*request))
        except Exception as error:  # the next one may well succeed
            reply("fault", said(error))


def lower_priority() -> None:
    """Give way to everything else; on Linux the whole session does, which shares the cores with others first."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    with suppress(OSError):
        AUTOGROUP.write_text(str(NICENESS))


def said(error: Exception) -> str:
    """Return an exception as one line of a length to be read."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _queue_requests(descriptor: int, requests: SimpleQueue[list[Any]]) -> None:
    """Queue requests; end the process as soon as the parent is gone, even while the model works."""
    unpacker = msgpack.Unpacker()
    while data := os.read(descriptor, READ_BYTES):
        unpacker.feed(data)
        for request in unpacker:
            requests.put(request)
    os._exit(0)
