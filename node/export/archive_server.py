"""A worker of an archive as a process of this machine: units on standard input, outcomes on standard output.

Started by `node.export.archive_process` as `python -m node.export.archive_server`. It has a lower priority than a call
beside it, leaves Ctrl-C to its parent, and ends as soon as its parent does, in the middle of a unit too.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from queue import SimpleQueue
from typing import Any, BinaryIO

from node.common.child_process import claim_stdout
from node.export.archive_messages import job_of, pack, unit_of, unpacker
from node.export.archive_worker import ArchiveWorker
from node.vision.model_server import lower_priority

# Between two reports of how far a unit is.
REPORT_EVERY_S = 0.5

# Of a pipe at a time.
READ_BYTES = 1 << 16


class Reporter:
    """Reports how much of a unit is done, now and then."""

    def __init__(self, replies: BinaryIO) -> None:
        self._replies, self._reported = replies, 0.0

    def __call__(self, done: float, total: float) -> None:
        """Report that `done` seconds of `total` are done."""
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY_S and total > 0:
            self._reported = now
            send(self._replies, ["done", min(done / total, 1.0)])


def send(replies: BinaryIO, message: Any) -> None:
    """Write a message to the parent; end the process if there is none any more."""
    try:
        replies.write(pack(message))
        replies.flush()
    except OSError:
        os._exit(0)


def main() -> None:
    """Serve until standard input ends."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    lower_priority()
    replies = claim_stdout()
    requests: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_queue_requests, args=(sys.stdin.fileno(), requests), name="parent", daemon=True).start()
    job = job_of(requests.get())
    worker, report = ArchiveWorker(job.options, job.stage, job.secret), Reporter(replies)
    while True:
        outcome = worker.export(unit_of(requests.get()), report)
        send(replies, ["outcome", pack(outcome)])


def _queue_requests(pipe: int, requests: SimpleQueue[Any]) -> None:
    """Queue what comes; end the process as soon as the parent is gone."""
    stream = unpacker()
    while data := os.read(pipe, READ_BYTES):
        stream.feed(data)
        for request in stream:
            requests.put(request)
    os._exit(0)


if __name__ == "__main__":
    main()
