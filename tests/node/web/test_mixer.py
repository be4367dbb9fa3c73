"""Several people in one stream of packets."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from happenings import until
from page_events import HandClock

from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.pcm import SAMPLE_RATE, Pcm, level_dbfs
from node.speech.profiles import QUICK
from node.web.mixer import PROFILE, Mixer, Reencoder
from protocol.speech import opus_packet

STEP = 2880
FRAMES = 30


def tone(hertz: float) -> list[bytes]:
    encoder = OpusEncoder(QUICK)
    at = np.arange(FRAMES * QUICK.frame_samples) / SAMPLE_RATE
    pcm: Pcm = (9000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)
    return [encoder.encode(part) for part in pcm.reshape(FRAMES, -1)]


class Room(HandClock):
    """People who say a tone each, frame by frame as the time goes on, and then nothing."""

    def __init__(self, **tones: float) -> None:
        super().__init__()
        self.began = self.time
        self.pushed: list[tuple[int, bytes]] = []
        self.mixer = Mixer(lambda timestamp, packet: self.pushed.append((timestamp, packet)), self.clock)
        self._said = {person: tone(hertz) for person, hertz in tones.items()}
        self._frame = 0

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        while self._frame < FRAMES and self.time >= self.began + self._frame * 0.06:
            for person, packets in self._said.items():
                self.mixer.receive(person, self._frame, self._frame * STEP, packets[self._frame], ())
            self._frame += 1

    async def run(self, seconds: float) -> None:
        running = asyncio.create_task(self.mixer.run(self.began))
        await until(lambda: self.time >= self.began + seconds)
        running.cancel()


@pytest.fixture
async def room() -> Room:
    room = Room(ann=300, bob=1000)
    await room.run(4.0)
    return room


async def test_everybody_is_in_it(room: Room) -> None:
    decoder = OpusDecoder()
    heard = np.concatenate([decoder.decode(packet) for _, packet in room.pushed])
    spectrum = np.abs(np.fft.rfft(heard.astype(float)))
    hertz = np.fft.rfftfreq(len(heard), 1 / SAMPLE_RATE)
    around = {tone: spectrum[np.abs(hertz - tone) < 20].max() for tone in (300, 650, 1000)}
    assert min(around[300], around[1000]) > 10 * around[650]
    assert level_dbfs(heard) > -30


async def test_it_goes_on_evenly_and_its_end_says_so(room: Room) -> None:
    timestamps = [timestamp for timestamp, _ in room.pushed]
    assert set(np.diff(timestamps)) == {960}
    sizes = [len(packet) for _, packet in room.pushed]
    assert sizes[-1] == 1
    assert min(sizes[:-1]) > 1


async def test_a_person_who_is_removed_is_not_heard() -> None:
    room = Room(ann=300)
    room.mixer.receive("bob", 0, 0, tone(1000)[0], ())
    room.mixer.remove("bob")
    room.mixer.remove("nobody")
    room.mixer.receive("ann", 0, 0, b"", ())
    await room.run(1.0)
    assert room.pushed
    for _, packet in room.pushed:
        opus_packet.parse(packet)


def test_what_is_encoded_says_once_that_it_is_silent() -> None:
    reencoder, decoder = Reencoder(), OpusDecoder()
    loud: Pcm = np.full(PROFILE.frame_samples, 3000, np.int16)
    quiet = np.zeros_like(loud)
    packets = [reencoder.encode(pcm) for pcm in (quiet, loud, quiet, quiet, loud)]
    assert [packet is None for packet in packets] == [True, False, False, True, False]
    assert packets[2] is not None
    assert opus_packet.begins_pause(packets[2])
    assert packets[1] is not None
    assert len(decoder.decode(packets[1])) == PROFILE.frame_samples
