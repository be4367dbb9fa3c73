"""The caption process: codes captions and reads coded ones, one request after the other, and nothing else.

Started by `CaptionProcess` as `python -m node.captions.coding_server`, with requests on standard input and replies
on standard output: msgpack arrays, of which none ever leaves the machine. It leaves Ctrl-C to its parent, and ends
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

from node.captions.coder import read
from node.common.standard_streams import claim_stdout
from protocol.captions import registry
from protocol.errors import CaptionError

NICENESS = 5
"""A third of the weight of the loop's process, on a core that both want, and three times that of the picture worker:
a peer's words are there before their turn to be painted comes."""


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    replies = claim_stdout()
    registry.encode("", registry.newest())  # reads the codebook, which no caption should wait for
    with os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0) as requests:  # unbuffered: a read takes what is there
        for request in msgpack.Unpacker(requests):
            replies.write(answer(request))
            replies.flush()


def answer(request: list[Any]) -> bytes:
    """Do what is asked; whatever that raises is a reply, too."""
    try:
        return _packed(_done(*request))
    except CaptionError as error:
        return _packed(["bad", str(error)])
    except Exception as error:
        return _packed(["fault", type(error).__name__])


def _done(kind: str, *asked: Any) -> list[Any]:
    if kind == "encode":
        coded = registry.encode(*asked)
        return ["coded", coded.codec, coded.data, coded.bits, coded.ideal_bits]
    caption = read(*asked)
    return ["read", caption.words, caption.bits]


def _packed(reply: list[Any]) -> bytes:
    packed: bytes = msgpack.packb(reply)
    return packed


if __name__ == "__main__":
    main()
