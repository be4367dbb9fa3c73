"""One node of the room: a process of its own, which does what comes on standard input and answers in lines of JSON.

`join` is answered when there is speech to and from all others, `count` at once, with the totals so far; `talk` has no
answer. It ends when standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from node.call import build
from node.call.node import Node
from node.captions.coder import shipped_codecs
from node.common import config
from node.rooms import ResolvedRoom
from node.speech import dialogue, sound_files
from node.speech.pcm import FRAME_SAMPLES, SAMPLE_RATE
from node.speech.sinks import NullSink
from protocol.room_secret import RoomSecret
from wirebench.end import PatientSource

ROOM = RoomSecret(b"a room of a bank")  # all ends are ours, on this machine
TALKS_S = 300.0
LOOK_S = 0.02
NO_SPEECH = ("none", "connecting", "again")


class End:
    """The node, and whom it is to meet."""

    def __init__(self, name: str, others: int, settings: dict[str, Any]) -> None:
        given = config.load(speech="none", speaker="none", media_address="127.0.0.1", profile="lean", **settings)
        speech = np.concatenate(list(sound_files.blocks(dialogue.shipped()[0].path, FRAME_SAMPLES)))
        self.source = PatientSource(np.resize(speech, round(TALKS_S * SAMPLE_RATE) // FRAME_SAMPLES * FRAME_SAMPLES))
        ends, _ = build.build_endpoints(given, build.CALL, None)  # type: ignore[arg-type]  # there are no pictures
        ends = replace(ends, source=self.source, sink=NullSink(), camera=None, paints=False)
        self.node = Node(name, build.build_rendezvous(given, ResolvedRoom(ROOM)), ends, note=self._note)
        self._others, self._notes = others, list[str]()

    async def obey(self) -> None:
        """Do what is asked for, until nothing more comes."""
        calling: asyncio.Task[None] | None = None
        while order := (await asyncio.to_thread(sys.stdin.readline)).strip():
            match order:
                case "join":
                    calling = asyncio.create_task(self.node.run())
                    await self._until_all_are_there(calling)
                    self._say()
                case "talk":
                    self.source.talk()
                case "count":
                    self._say()
        if calling is not None:
            calling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await calling

    async def _until_all_are_there(self, calling: asyncio.Task[None]) -> None:
        room = self.node.room
        while sum(self.node.link(peer) not in NO_SPEECH for peer in room.hellos) < self._others:
            if calling.done():
                calling.result()
            await asyncio.sleep(LOOK_S)

    def _note(self, text: str) -> None:
        self._notes.append(text)

    def _say(self) -> None:
        counts = self.node.count()
        total = {
            "at": time.monotonic(),
            "sent": counts.meter.total("sent"),
            "received": counts.meter.total("received"),
            "cpu_s": time.process_time(),
            "heard": counts.speech_in.received,
            "lost": counts.speech_in.lost + counts.speech_in.late,
            "notes": self._notes,
        }
        print(json.dumps(total), flush=True)


async def main() -> None:
    build.preload(shipped_codecs())
    given = json.loads(sys.argv[1])
    end = End(given["name"], given["others"], given["settings"])
    print(json.dumps({"ready": True}), flush=True)
    await end.obey()


if __name__ == "__main__":
    asyncio.run(main())
