"""Speech as text in a whole call, with a transcriber and a synthesiser in memory: written, shown, spoken, recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fake_models import FakeModels
from happenings import Happenings

from live_call import KeepingSink, clip_after, parts, place, running
from node.call.node import Node
from node.call.observers import CallObserver, ChatLine
from node.call.speech_models import SpeechModels
from node.links.address import BrokerAddress
from node.recording.info import read_info
from node.recording.reader import SessionReader
from node.recording.recorder import Recorder
from node.recording.search import place_of
from node.speech.dialogue import shipped
from node.speech.pcm import Pcm
from node.speech.profiles import TEXT
from node.speech.sources import PacedSource
from protocol import log
from protocol.signalling import Carries

TURN = shipped()[10]
SPOKEN_LEVEL = 7000


class Lines(CallObserver):
    def __init__(self) -> None:
        self.all = Happenings()

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        self.all.add(line)


async def transcribe(pcm: Pcm) -> str:
    return f"shall we talk for {len(pcm) / 16_000:.0f} s"


async def synthesise(text: str) -> Pcm:
    return np.full(3200, SPOKEN_LEVEL, np.int16)


def turn() -> PacedSource:
    return clip_after(TURN.path, lead_s=0.6)


async def test_what_is_said_is_read_heard_and_found(embedded_broker: BrokerAddress, tmp_path: Path) -> None:
    sink, read = KeepingSink(), Lines()
    words = SpeechModels(transcribe=transcribe)
    ann = Node("ann", place(embedded_broker), parts(FakeModels(), TEXT, source=turn(), words=words))
    ears = parts(FakeModels(), sink=sink, words=SpeechModels(synthesise=synthesise))
    bob = Node("bob", place(embedded_broker), ears)
    recorder = Recorder(tmp_path / "talk.mcap", log.Header(node=bob.id, name="bob"))
    bob.observers.add(recorder)
    bob.observers.add(read)
    async with running(ann, bob) as nodes:
        await nodes.until(lambda: len(read.all) > 0)
        await nodes.until(lambda: any((block == SPOKEN_LEVEL).any() for block in sink.played))
        assert Carries.SPEECH_OUT not in bob.room.hellos[ann.id].carries
        assert bob.link(ann.id) == "none"
    recorder.stop()
    assert recorder.join(20)
    line = read.all.all[0]
    assert (line.name, line.text[:14]) == ("ann", "shall we talk ")
    assert 0 < line.spoken_s < TURN.seconds + 1
    info = read_info(tmp_path / "talk.mcap", ())
    assert info.lines[0].name == "ann"
    assert info.bytes_by_kind.keys() == {"frames"}
    with SessionReader.open(tmp_path / "talk.mcap") as session:
        assert place_of(session, tmp_path / "talk.mcap", "SHALL we") < info.lines[0].at_s + 0.01


async def test_whoever_is_heard_is_not_spoken_as_well(embedded_broker: BrokerAddress) -> None:
    read, spoken = Lines(), Happenings()

    async def speak(text: str) -> Pcm:
        spoken.add(text)
        return await synthesise(text)

    words = SpeechModels(transcribe=transcribe)
    ann = Node("ann", place(embedded_broker), parts(FakeModels(), source=clip_after(TURN.path, 4.0), words=words))
    bob = Node("bob", place(embedded_broker), parts(FakeModels(), sink=KeepingSink(), words=SpeechModels(None, speak)))
    bob.observers.add(read)
    async with running(ann, bob) as nodes:
        await nodes.until(lambda: len(read.all) > 0)
        assert (read.all.all[0].spoken_s > 0, bob.count().speech_in.received > 0) == (True, True)
        await ann.chat.say("typed")
        assert await spoken.count(1) == ["typed"]
