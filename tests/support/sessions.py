"""Sessions made for tests: what was said and seen when, without a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from node.captions.coder import shipped_codecs
from node.speech.libopus import OpusEncoder
from node.speech.pcm import SAMPLE_RATE, Pcm
from node.speech.profiles import LEAN
from protocol import frames
from protocol.log import Frame, Header, Joined, Left, Record, Speech

CODECS = shipped_codecs()

HEADER = Header(node="me", name="Ann", started_ns=1_700_000_000_000_000_000, models={"generator": "a painter"})
FRAME_S = 0.06


class FakeSession:
    """What the player asks of a session, from a list."""

    def __init__(self, records: Iterable[Record], header: Header = HEADER, duration_s: float | None = None) -> None:
        self.header = header
        self.all: Sequence[Record] = sorted(records, key=lambda record: record.at_us)
        self.duration_s = self.all[-1].at_us / 1e6 if duration_s is None else duration_s

    def records(
        self, start: float = 0.0, end: float | None = None, *, kinds: tuple[type[Record], ...] | None = None
    ) -> Iterator[Record]:
        for record in self.all:
            is_then = start <= record.at_us / 1e6 and (end is None or record.at_us / 1e6 < end)
            if is_then and (kinds is None or isinstance(record, kinds)):
                yield record

    def state(self, at: float) -> list[Record]:
        here: dict[str, Joined] = {}
        pictures: dict[str, Frame] = {}
        for record in self.all:
            if record.at_us / 1e6 >= at:
                break
            match record:
                case Joined(peer=peer):
                    here[peer] = record
                case Left(peer=peer):
                    here.pop(peer, None)
                    pictures.pop(peer, None)
                case Frame(sender=sender):
                    pictures[sender] = record
        return [*here.values(), *pictures.values()]


def tone(seconds: float, hertz: float = 300.0, level: float = 0.4) -> Pcm:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.rint(32_000 * level * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def spoken(sender: str, pcm: Pcm, at: float = 0.0, sequence: int = 0, timestamp: int = 0) -> list[Record]:
    """One packet for each frame of 60 ms, each arriving when its sound is over."""
    encoder, samples = OpusEncoder(LEAN), LEAN.frame_samples
    packets: list[Record] = []
    for number in range(len(pcm) // samples):
        payload = encoder.encode(pcm[number * samples : (number + 1) * samples])
        came_us = round((at + (number + 1) * FRAME_S) * 1e6)
        packets.append(
            Speech(came_us, sender, (sequence + number) & 0xFFFF, timestamp + number * 48 * 60, payload),
        )
    return packets


def picture(sender: str, at: float, words: str, sequence: int = 1, seed: int = 7, with_caption: bool = True) -> Frame:
    """A picture in words; untold, its caption is only in the frame."""
    coded = CODECS.encode(words, 0)
    frame = frames.Picture(sequence, round(at * 1000), coded.codec, coded.data, seed)
    return Frame(round(at * 1e6), sender, frames.encode(frame), words if with_caption else None)


def came(peer: str, at: float, name: str) -> Joined:
    return Joined(round(at * 1e6), peer, name, 15)


def went(peer: str, at: float) -> Left:
    return Left(round(at * 1e6), peer)
