"""What crosses the wire in a duplex call, made without one: the shipped dialogue coded as a call codes it, pictures of
drawn scenes in words, and the meters, by a clock of its own."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterator

from node.captions.coder import shipped_codecs
from node.recording.control import METERS_EVERY_S
from node.speech import dialogue
from node.speech.audio_io import Captured
from node.speech.pcm import Pcm, seconds_of
from node.speech.profiles import PROFILES, Profile
from node.speech.send_stream import SendStream, SpeechPacket
from node.vision.scenes.grammar import caption
from node.vision.scenes.sampling import sample
from protocol import frames, log

CODECS = shipped_codecs()

OWN, PEER = "a7k", "b2q"
STARTED_NS = 1_790_000_000_000_000_000
PICTURE_EVERY_S = 4.0
NETWORK_S = 0.03
JITTER_S = 0.004
HEADER = log.Header(
    started_ns=STARTED_NS,
    monotonic_s=100.0,
    node=OWN,
    name="Ann",
    program="pictophone",
    profile="lean",
    codebooks=CODECS.codebooks(),
    models={"captioner": "embedded", "generator": "embedded"},
)


class _Loop:
    """A source without a clock: the blocks of a voice, as fast as they are taken."""

    def __init__(self, blocks: list[Pcm], seconds: float) -> None:
        self._blocks, self._seconds = blocks, seconds

    async def __aiter__(self) -> AsyncIterator[Captured]:
        at = 0.0
        for pcm in itertools.cycle(self._blocks):
            if at >= self._seconds:
                return
            yield Captured(pcm, at)
            at += seconds_of(len(pcm))


def packets(voice: str, seconds: float, profile: Profile, nonstop: bool = False) -> list[SpeechPacket]:
    """The packets of one voice of the dialogue: in its turns, or without letting the other one speak."""
    turns = dialogue.shipped()
    blocks = list(dialogue.part(voice, turns, profile.frame_samples))
    if nonstop:
        blocks = [block for block in blocks if block.any()]

    async def talk() -> list[SpeechPacket]:
        return [packet async for packet in SendStream(_Loop(blocks, seconds), profile)]

    return asyncio.run(talk())


def duplex(seconds: float, profile: str = "lean", nonstop: bool = False) -> list[log.Record]:
    """All records of a call of that length, in the order of time."""
    rng = random.Random(7)
    records: list[log.Record] = [log.Joined(90_000, PEER, "Bob", 15)]
    for sender, voice in ((OWN, "a"), (PEER, "b")):
        spoken = packets(voice, seconds, PROFILES[profile], nonstop)
        records += _speech(sender, spoken, rng)
        records += _pictures(sender, seconds, rng)
    records += _meters(seconds, rng)
    return sorted(records, key=lambda record: record.at_us)


def _speech(sender: str, spoken: list[SpeechPacket], rng: random.Random) -> Iterator[log.Speech]:
    first = rng.randrange(1 << 16) if sender != OWN else 0
    base = rng.randrange(1 << 31) if sender != OWN else 0
    for number, packet in enumerate(spoken):
        at = packet.captured_at + packet.duration_ms / 1000 + 0.002 * rng.random()
        at += NETWORK_S + rng.expovariate(1 / JITTER_S) if sender != OWN else 0.0
        sequence = (first + number) % (1 << 16)
        yield log.Speech(round(at * 1e6), sender, sequence, base + packet.timestamp, packet.payload, packet.copies)


def _pictures(sender: str, seconds: float, rng: random.Random) -> Iterator[log.Frame]:
    at = 0.5 + rng.random()
    for sequence in itertools.count(1):
        if at >= seconds:
            return
        words = caption(sample(rng.randrange(1 << 30)))
        coded = CODECS.encode(words, CODECS.newest())
        frame = frames.Picture(sequence, round(at * 1000), coded.codec, coded.data, rng.randrange(16))
        yield log.Frame(round(at * 1e6), sender, frames.encode(frame), words)
        at += PICTURE_EVERY_S * (0.8 + 0.4 * rng.random())


def _meters(seconds: float, rng: random.Random) -> Iterator[log.Meters]:
    for number in range(1, int(seconds / METERS_EVERY_S) + 1):
        at = number * METERS_EVERY_S
        values = {
            "sent_bytes": round(at * 900) + rng.randrange(900),
            "received_bytes": round(at * 880) + rng.randrange(900),
            "lost": number // 9,
            "late": 0,
            "concealed_ms": number // 9 * 120,
            "underruns": 0,
            "delay_ms": round(200 + rng.random() * 12, 1),
            "said_dbfs": round(-20 - rng.random() * 30, 1),
            "heard_dbfs": round(-20 - rng.random() * 30, 1),
        }
        yield log.Meters(round(at * 1e6), values)
