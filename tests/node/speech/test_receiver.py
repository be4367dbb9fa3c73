"""Received speech: the peers' packets, mixed, and the delays measured."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from node.speech import receiver as module
from node.speech.audio_io import Pull
from node.speech.libopus import OpusEncoder
from node.speech.pcm import Pcm
from node.speech.profiles import LEAN
from node.speech.receive_stream import ReceiveStream
from node.speech.receiver import RECENT_WAITS, SpeechReceiver
from node.speech.sinks import NullSink
from node.speech.stats import SpeechIn
from protocol.signalling import Carries, Hello
from protocol.speech import opus_packet
from protocol.speech.jitter import MAX_BROKER_TARGET_MS, MAX_TARGET_MS
from protocol.speech.redundancy import RedundancyEncoder

RTP_PER_PACKET = 5760
LOOKAHEAD_MS = 6.5
LATENCY_MS = NullSink().latency_ms


def packets(frequency: float, loudness: float = 8000.0) -> Iterator[bytes]:
    """A steady tone as 120 ms packets without end."""
    encoder, start = OpusEncoder(LEAN), 0
    while True:
        frames = []
        for _ in range(2):
            at = np.arange(start, start + 960)
            start += 960
            frames.append(
                encoder.encode(np.rint(loudness * np.sin(2 * np.pi * frequency * at / 16_000)).astype(np.int16))
            )
        yield opus_packet.join(frames)


class Room:
    """A receiver on a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 10.0
        self.round_trips: dict[str, float] = {}
        self.counts = SpeechIn()
        self.sink = NullSink()
        self.receiver = SpeechReceiver(
            self.sink,
            self.counts,
            lookahead_ms=LOOKAHEAD_MS,
            round_trip_seconds=lambda peer: self.round_trips.get(peer, 0.0),
            clock=lambda: self.now,
        )

    def hear(self, speakers: dict[str, Iterator[bytes]], count: int) -> Pcm:
        """Each speaker's packets come every 120 ms and are played in 20 ms blocks."""
        played = []
        for number in range(count):
            for peer, stream in speakers.items():
                self.receiver.speech_received(peer, number, number * RTP_PER_PACKET, next(stream))
            for _ in range(6):
                played.append(self.receiver.pull(320))
                self.now += 0.02
        return np.concatenate(played)


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[ReceiveStream]:
    """The streams of the peers, in the order in which their links are opened."""
    made: list[ReceiveStream] = []

    class Noted(ReceiveStream):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            made.append(self)

    monkeypatch.setattr(module, "ReceiveStream", Noted)
    return made


def strength(sound: Pcm, frequency: float) -> float:
    """The amplitude of one frequency in the last second."""
    tail = sound[-16_000:].astype(float)
    return float(abs(np.mean(tail * np.exp(-2j * np.pi * frequency * np.arange(16_000) / 16_000))) * 2)


def test_two_peers_are_mixed_into_one_sound() -> None:
    room = Room()
    room.receiver.link_opened("b")
    room.receiver.link_opened("c")
    both = room.hear({"b": packets(300), "c": packets(1000)}, 20)
    assert strength(both, 300) > 4000
    assert strength(both, 1000) > 4000
    assert strength(both, 600) < 400


def test_what_is_too_loud_is_clipped_and_does_not_wrap() -> None:
    room = Room()
    for peer in "bcde":
        room.receiver.link_opened(peer)
    sound = room.hear({peer: packets(300, 20_000) for peer in "bcde"}, 20)
    assert sound.dtype == np.int16
    assert sound.max() > 32_000
    assert np.max(np.abs(np.diff(sound[-16_000:].astype(int)))) < 30_000  # a wrapped sample jumps by 65,536


def test_nobody_is_silence() -> None:
    room = Room()
    assert not room.receiver.pull(320).any()
    assert room.receiver.delay_ms() is None
    assert room.receiver.snapshot() == SpeechIn()


def test_counts_of_a_link_outlive_it() -> None:
    room = Room()
    room.receiver.link_opened("b")
    room.hear({"b": packets(300)}, 5)
    room.receiver.link_ended("b")
    room.receiver.link_ended("b")
    assert room.receiver.snapshot().received == 5
    room.receiver.link_opened("b")
    room.hear({"b": packets(300)}, 3)
    assert room.receiver.snapshot().received == 8
    room.receiver.link_opened("b")  # a new call without a goodbye
    assert room.receiver.snapshot().received == 8
    assert room.receiver.snapshot().lost == 0


def test_a_lost_packet_is_counted_and_concealed() -> None:
    room = Room()
    room.receiver.link_opened("b")
    stream = packets(300)
    for number in range(20):
        payload = next(stream)
        if number != 10:
            room.receiver.speech_received("b", number, number * RTP_PER_PACKET, payload)
        for _ in range(6):
            room.receiver.pull(320)
            room.now += 0.02
    counted = room.receiver.snapshot()
    assert (counted.received, counted.lost, counted.late) == (19, 1, 0)
    assert counted.concealed_ms == pytest.approx(120)


def test_a_lost_packet_that_a_copy_brings_is_not_concealed() -> None:
    room = Room()
    room.receiver.link_opened("b")
    stream, copies = packets(300), RedundancyEncoder(1)
    lost = 15  # by then playing has slowed down far enough to wait for copies
    for number in range(20):
        payload = next(stream)
        beside = copies.beside(number * RTP_PER_PACKET, payload)
        if number != lost:
            room.receiver.speech_received("b", number, number * RTP_PER_PACKET, payload, beside)
        for _ in range(6):
            room.receiver.pull(320)
            room.now += 0.02
    counted = room.receiver.snapshot()
    assert (counted.received, counted.lost, counted.concealed_ms) == (19, 1, 0)


def test_packets_of_strangers_and_of_the_past_are_ignored() -> None:
    room = Room()
    room.receiver.speech_received("b", 0, 0, next(packets(300)))
    assert room.receiver.snapshot() == SpeechIn()


def test_the_delay_is_packet_lookahead_half_the_round_trip_wait_and_latency(streams: list[ReceiveStream]) -> None:
    near, far = Room(), Room()
    far.round_trips["b"] = 0.080
    for room in (near, far):
        room.receiver.link_opened("b")
        room.hear({"b": packets(300)}, 10)
    assert near.receiver.delay_ms() is not None
    assert far.receiver.delay_ms() == pytest.approx(near.receiver.delay_ms() + 40)  # type: ignore[operator]
    first, *_ = near.counts.mouth_to_ear_ms
    assert first >= 120 + LOOKAHEAD_MS + LATENCY_MS
    assert first <= 120 + LOOKAHEAD_MS + LATENCY_MS + streams[0].playout.stats.target_ms + 60


def test_the_delay_shown_is_that_of_the_last_seconds_and_all_delays_are_kept_for_the_summary() -> None:
    room = Room()
    room.receiver.link_opened("b")
    stream = packets(300)
    room.hear({"b": stream}, 30)
    room.round_trips["b"] = 0.080
    room.hear({"b": stream}, 30)
    kept = list(room.counts.mouth_to_ear_ms)
    assert len(kept) > RECENT_WAITS
    assert room.receiver.delay_ms() == pytest.approx(np.mean(kept[-RECENT_WAITS:]))
    assert room.receiver.delay_ms() != pytest.approx(np.mean(kept))
    room.receiver.link_ended("b")
    assert room.receiver.delay_ms() is None
    assert list(room.receiver.snapshot().mouth_to_ear_ms) == kept


def test_garbage_is_counted_and_the_call_goes_on() -> None:
    room, rng = Room(), random.Random(9)
    room.receiver.link_opened("b")
    stream, sound = packets(300), []
    for number in range(100):
        room.receiver.speech_received("b", number, number * RTP_PER_PACKET, next(stream))
        for _ in range(100):
            size = rng.choice((0, 1, 2, 3, 20, 100, 1400))
            room.receiver.speech_received("b", rng.getrandbits(16), rng.getrandbits(32), rng.randbytes(size))
        for _ in range(6):
            sound.append(room.receiver.pull(320))
            room.now += 0.02
    counted = room.receiver.snapshot()
    assert counted.bad_packets > 1000
    assert strength(np.concatenate(sound), 300) > 4000


async def test_the_sink_pulls_from_all_who_are_heard() -> None:
    pulled: list[Pcm] = []

    class Once(NullSink):
        async def run(self, pull: Pull) -> None:
            pulled.append(pull(320))

    receiver = SpeechReceiver(
        Once(), SpeechIn(), lookahead_ms=0.0, round_trip_seconds=lambda peer: 0.0, clock=lambda: 0.0
    )
    await receiver.run()
    assert [len(sound) for sound in pulled] == [320]


def test_underruns_are_those_after_the_first_second() -> None:
    room = Room()
    room.sink.underruns.note(0.5)
    room.sink.underruns.note(1.5)
    assert room.receiver.snapshot().underruns == 1
    assert room.receiver.snapshot().underruns_after_5s == 0
    room.sink.underruns.note(5.5)
    assert room.receiver.snapshot().underruns_after_5s == 1


async def test_a_peer_whose_sound_cannot_be_made_silences_no_other(streams: list[ReceiveStream]) -> None:
    room = Room()
    for peer in ("b", "c"):
        room.receiver.link_opened(peer)

    def stumble(samples: int, now: float) -> Pcm:
        raise RuntimeError("a decoder that fails")

    streams[0].pull = stumble  # type: ignore[method-assign]
    played = room.hear({"b": packets(440.0), "c": packets(1000.0)}, 20)
    assert strength(played, 1000.0) > 4000
    assert strength(played, 440.0) < 100
    assert room.receiver.faults.count == 20 * 6


def test_a_stream_that_outlasts_its_link_goes_on_by_another_way(streams: list[ReceiveStream]) -> None:
    room = Room()
    room.receiver.joined("ann", Hello(1, "ann", Carries.EVERYTHING | Carries.BROKER_SPEECH_IN))
    room.receiver.link_opened("ann")
    room.receiver.route_changed("ann", "direct")
    assert streams[0].playout.longest_target_ms == MAX_TARGET_MS
    speaker = packets(440.0)
    room.hear({"ann": speaker}, 10)
    room.receiver.link_ended("ann")
    room.receiver.route_changed("ann", "broker")
    assert streams[0].playout.longest_target_ms == MAX_BROKER_TARGET_MS
    for number in range(10, 20):
        room.receiver.speech_received("ann", number, number * RTP_PER_PACKET, next(speaker))
        for _ in range(6):
            room.receiver.pull(320)
            room.now += 0.02
    room.receiver.link_opened("ann")
    counts = room.receiver.snapshot()
    assert (len(streams), counts.received, counts.lost, counts.concealed_ms) == (1, 20, 0, 0)
    room.receiver.left("ann")
    assert room.receiver.snapshot().received == 20
    room.receiver.link_opened("ann")
    assert len(streams) == 2


def test_who_is_heard_by_the_broker_alone_has_a_stream(streams: list[ReceiveStream]) -> None:
    room = Room()
    room.receiver.joined("ann", Hello(1, "ann", Carries.EVERYTHING | Carries.BROKER_SPEECH_IN))
    room.receiver.route_changed("ann", "none")
    assert streams == []
    room.receiver.route_changed("ann", "broker")
    room.hear({"ann": packets(440.0)}, 5)
    assert room.receiver.snapshot().received == 5
