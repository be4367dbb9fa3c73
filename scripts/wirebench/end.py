"""One of the two nodes: a process of its own inside its namespace.

It says ``connected`` on standard output when its link is up, begins to talk when a line comes on standard input, and
prints what it noticed, as one line of JSON, when the next one comes.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from node.call.build import preload
from node.call.endpoints import Endpoints, Rendezvous
from node.call.node import Node
from node.call.observers import CallObserver
from node.captions.coder import ThreadCoder, shipped_codecs
from node.links.address import BrokerAddress
from node.links.peer_events import PeerEvents
from node.speech import dialogue, sound_files
from node.speech.audio_io import Captured
from node.speech.codec import LyraChoice
from node.speech.pcm import FRAME_SAMPLES, Clock, Pcm, samples_of, silence
from node.speech.playback_buffer import blocks_for
from node.speech.profiles import AUTO, LEAN, Profile, profile
from node.speech.sinks import NullSink
from node.speech.sources import PacedSource
from node.terminal.summary import percentile
from node.vision.cameras import open_camera
from node.vision.types import PaintedPicture, SeenPicture
from protocol.room_secret import RoomSecret
from protocol.signalling import RoutePolicy
from protocol.speech import opus_packet
from wirebench.network import ADDRESSES

METER_EVERY_S = 0.02
NEAR_A_CHANGE_S = 4.0
NEW_WORDS_EVERY_S = 4.0  # as the drawn scenes have it
BROKER_PORT = 1883
BROKER_USER, BROKER_PASSWORD = "wire", "a network of its own"
BROKER = BrokerAddress(ADDRESSES["c"], BROKER_PORT, username=BROKER_USER, password=BROKER_PASSWORD)
BROKER_BY_WEBSOCKET = BrokerAddress(ADDRESSES["c"], 443, tls=True, path="/mqtt")
ROOM = RoomSecret(b"measured in pair")  # both ends are ours, on a network of their own


class NumberedWords:
    """Stands for the models, which put nothing on the wire: other words every few seconds, and when each came up."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.captured: dict[str, float] = {}

    async def see(self, image: object, client: str = "") -> SeenPicture:
        now = time.monotonic()
        number = int((now - self._began) / NEW_WORDS_EVERY_S)
        words = f"a woman with long brown hair is waving in a kitchen, number {number}"
        self.captured.setdefault(words, now)
        return SeenPicture(words)

    async def paint(self, text: str, seed: int, **what_else: object) -> object:
        return None


class PatientSource:
    """Silence until told to talk; then the recording, and silence again. `began` is when its first sample came."""

    def __init__(self, recording: Pcm) -> None:
        self.began: float | None = None
        self._recording = recording
        self._talks = False
        self._first: int | None = None

    def talk(self) -> None:
        self._talks = True

    async def __aiter__(self) -> AsyncIterator[Captured]:
        number = 0
        async for captured in PacedSource(self._blocks):
            if number == self._first:
                self.began = captured.at
            number += 1
            yield captured

    def _blocks(self) -> Iterator[Pcm]:
        for number in itertools.count():
            if self._talks:
                self._first = number
                break
            yield silence(FRAME_SAMPLES)
        for begin in range(0, len(self._recording) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            yield self._recording[begin : begin + FRAME_SAMPLES]
        yield from itertools.repeat(silence(FRAME_SAMPLES))


class KeepingSink(NullSink):
    """Plays at the pace of its clock and keeps all that it played."""

    def __init__(self, blocks: int) -> None:
        super().__init__(Clock(), blocks)
        self.played: list[Pcm] = []

    def _play(self, pcm: Pcm) -> None:
        self.played.append(pcm)


class Gauge:
    """Reads the node's meter all the time, so that its value at any moment can be told afterwards."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._moments: list[float] = []
        self._values: list[tuple[int, float]] = []

    async def run(self) -> None:
        while True:
            self._moments.append(time.monotonic())
            self._values.append((self._node.count().meter.total("sent"), time.process_time()))
            await asyncio.sleep(METER_EVERY_S)

    def between(self, begin: float, end: float) -> tuple[tuple[float, float], float, float]:
        """Return the moments next before these at which was read, and kbit/s sent and percent of a processor used."""
        first, last = (bisect.bisect(self._moments, moment) - 1 for moment in (begin, end))
        moments = self._moments[first], self._moments[last]
        (sent_before, cpu_before), (sent, cpu) = self._values[first], self._values[last]
        seconds = moments[1] - moments[0]
        return moments, (sent - sent_before) * 8 / 1000 / seconds, (cpu - cpu_before) * 100 / seconds


class Arrivals(CallObserver, PeerEvents):
    """When packets came, and by which ways they came one after the other."""

    def __init__(self) -> None:
        self.routes: list[str] = []
        self._changed: list[float] = []
        self._moments: list[tuple[float, int, bool]] = []

    def route_changed(self, peer: str, route: str) -> None:
        self.routes.append(route)
        self._changed.append(time.monotonic())

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Any) -> None:
        self._moments.append((time.monotonic(), timestamp, opus_packet.begins_pause(payload)))

    def gap_ms_max(self) -> float:
        """Return the longest that nothing came while the other spoke, when the way changed in mid-call."""
        pairs = [(one, other) for one, other in itertools.pairwise(self._moments) if not one[2]]
        near = [
            (one, other)
            for one, other in pairs
            if any(abs(other[0] - changed) < NEAR_A_CHANGE_S for changed in self._changed[1:])
        ]
        missing = [(other[1] - one[1]) / 48 - 120 for one, other in near]
        return max([(other[0] - one[0]) * 1000 for one, other in near] + missing, default=0.0)


class End:
    """The node with all that is watched of it."""

    def __init__(self, name: str, orders: dict[str, Any]) -> None:
        self.name, self.orders = name, orders
        adapts = orders["profile"] == AUTO
        self.chosen: Profile = LEAN if adapts else profile(orders["profile"])
        self.said = _recording(name, orders["speech"], orders["seconds"])
        self.source, self.sink, self.words = (
            PatientSource(self.said),
            KeepingSink(blocks_for(self.chosen.packet_ms)),
            NumberedWords(),
        )
        self.shown: dict[str, float] = {}
        broker = replace(BROKER_BY_WEBSOCKET, ca_file=orders["wss"]) if orders.get("wss") else BROKER
        place = Rendezvous(
            ROOM,
            broker,
            ice_servers=tuple(orders["ice_servers"]),
            address=ADDRESSES[name],
            route=RoutePolicy(orders["route"]),
        )
        camera = open_camera(f"scene:{name.encode()[0]}") if orders["pictures"] else None
        lyra = LyraChoice(Path(orders["lyra"])) if orders["lyra"] else None
        ends = (self.source, self.sink, camera)
        parts = Endpoints(
            self.chosen,
            self.words,
            ThreadCoder(shipped_codecs()),
            *ends,
            paints=True,
            adapts=adapts,
            max_kbps=orders["max_kbps"],
            lyra=lyra,
        )  # type: ignore[arg-type]
        self.node = Node(name, place, parts, show=self._show)
        self.gauge, self.arrivals = Gauge(self.node), Arrivals()
        self.node.observers.add(self.arrivals)
        self.node.room.subscribe(self.arrivals)

    async def run(self) -> None:
        """Calls, talks when told to, and prints the findings."""
        tasks = [asyncio.create_task(work) for work in (self.node.run(), self.gauge.run())]
        while self.node.count().setup_ms is None:
            await _or_fail(tasks, asyncio.sleep(METER_EVERY_S))
        print("connected", flush=True)
        await _or_fail(tasks, asyncio.to_thread(sys.stdin.readline))
        self.source.talk()
        await _or_fail(tasks, asyncio.to_thread(sys.stdin.readline))
        findings = self._findings()
        print(json.dumps(findings), flush=True)
        tasks[0].cancel()
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self, painted: PaintedPicture) -> None:
        self.shown[painted.caption] = time.monotonic()

    def _findings(self) -> dict[str, Any]:
        """A packet leaves when its last sample is captured: the time looked at begins so much later than the speech."""
        assert self.source.began is not None
        begin = self.source.began + self.chosen.packet_ms / 1000
        end = begin + len(self.said) / 16_000
        metered, kbps, cpu = self.gauge.between(begin, end)
        counts = self.node.count().speech_in
        folder = Path(self.orders["folder"])
        np.save(folder / f"{self.name}-said.npy", self.said)
        np.save(folder / f"{self.name}-heard.npy", np.concatenate(self.sink.played))
        return {
            "counted": (time.monotonic(), self.node.count().meter.total("sent")),
            "profile": self.node.count().profile,
            "begin": begin,
            "end": end,
            "metered": metered,
            "meter_kbps": kbps,
            "cpu_percent": cpu,
            "captured": self.words.captured,
            "shown": self.shown,
            "stall_ms_max": counts.stall_ms_max,
            "lost": counts.lost,
            "late": counts.late,
            "dropped": self.node.count().broker_speech_dropped,
            "setup_ms": self.node.count().setup_ms,
            "routes": self.arrivals.routes,
            "gap_ms_max": self.arrivals.gap_ms_max(),
            "concealed_ms": counts.concealed_ms,
            "mouth_to_ear_ms_p95": percentile(counts.mouth_to_ear_ms, 95),
        }


async def _or_fail(tasks: list[asyncio.Task[None]], work: Any) -> None:
    """Waits for the work, and raises what ends the node before."""
    waiting = asyncio.ensure_future(work)
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
    await waiting


def _recording(name: str, speech: str | None, seconds: float | None) -> Pcm:
    """The file, again and again if that long is wanted; without a file, this side's part of the shipped dialogue."""
    if speech is None:
        blocks = dialogue.part(name, dialogue.shipped(), FRAME_SAMPLES)
        sound = np.concatenate(list(blocks))
    else:
        sound = np.concatenate(list(sound_files.blocks(Path(speech), FRAME_SAMPLES)))
    wanted = len(sound) if seconds is None else samples_of(seconds)
    return np.resize(sound, wanted // FRAME_SAMPLES * FRAME_SAMPLES)


if __name__ == "__main__":
    preload(shipped_codecs())
    asyncio.run(End(sys.argv[1], json.loads(sys.argv[2])).run())
