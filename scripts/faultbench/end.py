"""One of the two nodes: a process of its own, which talks all the time and says when it hears the other.

It prints one line of JSON for each packet of speech that comes, `{"heard": monotonic seconds}`, and one for each note,
`{"note": text}`. It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from node.call.build import preload
from node.call.endpoints import Endpoints, Rendezvous
from node.call.node import Node
from node.call.observers import CallObserver
from node.captions.coder import ThreadCoder, shipped_codecs
from node.links.address import BrokerAddress
from node.speech.pcm import FRAME_SAMPLES, Pcm
from node.speech.profiles import LEAN
from node.speech.sinks import NullSink
from node.speech.sources import PacedSource
from protocol.room_secret import RoomSecret
from protocol.rtp.red import Copy

ROOM = RoomSecret(b"faults of a bank")  # all ends are ours, on this machine


class Speaker(CallObserver):
    """Prints what is heard, and when."""

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        say(heard=time.monotonic())

    def noted(self, text: str) -> None:
        say(note=text)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def noise() -> Iterator[Pcm]:
    """Speech-like sound without end or pause: low-passed noise whose loudness swells and ebbs."""
    rng = np.random.default_rng(7)
    for frame in itertools.count():
        low = np.convolve(rng.normal(0, 1, FRAME_SAMPLES + 15), np.ones(16) / 16, "valid")
        yield (low * (6000 + 3000 * np.sin(frame / 3))).astype(np.int16)


async def run(name: str, broker: BrokerAddress, address: str | None) -> None:
    """Talk until standard input ends."""
    parts = Endpoints(LEAN, None, ThreadCoder(shipped_codecs()), PacedSource(noise), NullSink())  # type: ignore[arg-type]  # there are no pictures
    node = Node(name, Rendezvous(ROOM, broker, address=address), parts)
    node.witnesses.add(Speaker())
    calling = asyncio.create_task(node.run())
    ending = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait({calling, ending}, return_when=asyncio.FIRST_COMPLETED)
    if calling.done():
        calling.result()
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)


if __name__ == "__main__":
    preload(shipped_codecs())
    given = json.loads(sys.argv[1])
    say(ready=time.monotonic())
    asyncio.run(run(given["name"], BrokerAddress(**given["broker"]), given["address"]))
