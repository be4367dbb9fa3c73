"""The caption process: encodes and decodes captions, one request after the other.

Started by `CaptionProcess` as `python -m node.captions.coding_server`, with requests on standard input and replies
on standard output: msgpack arrays, none of which ever leaves the machine. It leaves Ctrl-C to its parent, and ends
when that does.

    request   ["encode", words, codec]                      reply   ["coded", codec, data, bits, ideal bits]
    request   ["decode", codec, data, earlier, measure]     reply   ["read", words, bits]
                                                            reply   ["bad", why], or ["fault", kind of exception]
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import msgpack

from node.captions.coder import read, shipped_codecs
from node.common.child_process import claim_stdout
from protocol.captions.registry import CaptionCodecs
from protocol.errors import CaptionError

# A third of the weight of the loop's process, on a core that both want, and three times that of the picture worker: a
# peer's caption is decoded before its turn to be painted.
NICENESS = 5


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    replies = claim_stdout()
    codecs = shipped_codecs()
    codecs.encode("", codecs.newest())  # reads the codebook, which no caption should wait for
    with os.fdopen(
        os.dup(sys.stdin.fileno()), "rb", buffering=0
    ) as requests:  # unbuffered: a read returns what is available
        for request in msgpack.Unpacker(requests):
            replies.write(answer(codecs, request))
            replies.flush()


def answer(codecs: CaptionCodecs, request: list[Any]) -> bytes:
    """Execute a request; an error is a reply, too."""
    try:
        return _packed(_execute(codecs, *request))
    except CaptionError as error:
        return _packed(["bad", str(error)])
    except Exception as error:
        return _packed(["fault", type(error).__name__])


def _execute(codecs: CaptionCodecs, kind: str, *asked: Any) -> list[Any]:
    if kind == "encode":
        coded = codecs.encode(*asked)
        return ["coded", coded.codec, coded.data, coded.bits, coded.ideal_bits]
    caption = read(codecs, *asked)
    return ["read", caption.words, caption.bits]


def _packed(reply: list[Any]) -> bytes:
    packed: bytes = msgpack.packb(reply)
    return packed


if __name__ == "__main__":
    main()
