"""A browser's packets become what is said: frames that fit go along encoded, others are decoded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
from page_events import HandClock

from node.speech.audio_io import Captured
from node.speech.libopus import OpusEncoder
from node.speech.pcm import FRAME_SAMPLES, SAMPLE_RATE, Pcm, level_dbfs, seconds_of
from node.speech.profiles import LEAN, QUICK, Profile
from node.speech.send_stream import SendStream, SpeechPacket
from node.web.browser_microphone import SILENT_S, PageMicrophone
from protocol.speech import opus_packet


def speech(seconds: float) -> Pcm:
    """A voice-like buzz that swells and ebbs."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 120 * harmonic * at) / harmonic for harmonic in range(1, 12))
    sound: Pcm = (4000 * buzz * (1 + 0.5 * np.sin(2 * np.pi * 3 * at))).astype(np.int16)
    return sound


def encoded(pcm: Pcm, profile: Profile) -> list[bytes]:
    encoder, length = OpusEncoder(profile), profile.frame_samples
    return [encoder.encode(pcm[at : at + length]) for at in range(0, len(pcm) - length + 1, length)]


class Browser:
    """Sends packets as the microphone's clock goes on: each is there before its time comes."""

    def __init__(self, hand: HandClock, packets: list[bytes], frame_ms: int, first: int = 0) -> None:
        self.hand, self.packets, self.frame_ms = hand, packets, frame_ms
        self.microphone = PageMicrophone(clock=hand.clock)
        self.began = hand.time
        self.sent = 0
        self.first = first

    def send_due(self) -> None:
        while self.sent < len(self.packets) and self.began + self.sent * self.frame_ms / 1000 <= self.hand.time:
            number = self.first + self.sent
            self.microphone.receive(number & 0xFFFF, number * self.frame_ms * 48 & 0xFFFF_FFFF, self.packets[self.sent])
            self.sent += 1

    async def __aiter__(self) -> AsyncIterator[Captured]:
        self.send_due()
        async for captured in self.microphone:
            self.send_due()
            yield captured


async def captured(browser: Browser, seconds: float) -> list[Captured]:
    found = []
    async for one in browser:
        found.append(one)
        if browser.hand.time - browser.began > seconds:
            return found
    raise AssertionError("a microphone goes on for ever")


async def test_frames_that_fit_go_along_as_they_came(hand: HandClock) -> None:
    packets = encoded(speech(1.2), QUICK)
    found = await captured(Browser(hand, packets, 60), 2.0)
    assert [one.encoded for one in found if one.encoded] == packets
    assert all(len(one.pcm) == FRAME_SAMPLES for one in found)
    assert level_dbfs(np.concatenate([one.pcm for one in found if one.encoded])) > -25


async def test_time_goes_on_evenly_through_speech_and_pauses(hand: HandClock) -> None:
    found = await captured(Browser(hand, encoded(speech(1.0), QUICK), 60, first=65_530), 3.0)
    ends = [one.at + seconds_of(len(one.pcm)) for one in found]
    lengths = [seconds_of(one.skipped + len(one.pcm)) for one in found]
    assert np.allclose(np.diff(ends), lengths[1:])


async def test_short_frames_are_joined_and_carry_nothing_encoded(hand: HandClock) -> None:
    packets = encoded(speech(1.2), replace(QUICK, frame_ms=20, bitrate=24_000))
    found = await captured(Browser(hand, packets, 20), 2.0)
    assert all(len(one.pcm) == FRAME_SAMPLES and one.encoded is None for one in found)
    assert max(level_dbfs(one.pcm) for one in found) > -25


async def test_nobody_who_speaks_is_silence(hand: HandClock) -> None:
    found = await captured(Browser(hand, [], 60), 1.0)
    assert found
    assert not any(one.pcm.any() or one.encoded for one in found)


async def test_a_stop_of_the_machine_is_skipped_whatever_waits_for_the_rest_of_a_frame(hand: HandClock) -> None:
    """Pieces of silence are of 20 ms, so that a stop is two times of three within a frame of 60 ms."""
    frames, began, found = aiter(PageMicrophone(clock=hand.clock)), hand.time, list[Captured]()
    for stop_s in (0.0, 3.0, 0.03, 5.0, 0.05, 2.0):
        hand.time += stop_s
        found += [await anext(frames) for _ in range(4)]
    length_s = sum(seconds_of(one.skipped + len(one.pcm)) for one in found)
    assert length_s == pytest.approx(hand.time - began, abs=0.15)


async def test_garbage_is_no_speech(hand: HandClock) -> None:
    microphone = PageMicrophone(clock=hand.clock)
    microphone.receive(1, 0, b"")
    microphone.receive(2, 0, b"\xff")
    assert not microphone.is_active


async def test_it_is_taken_until_nothing_came_for_a_while(hand: HandClock) -> None:
    microphone = PageMicrophone(clock=hand.clock)
    microphone.begin()
    assert microphone.is_active
    hand.time += SILENT_S
    assert not microphone.is_active
    microphone.receive(0, 0, encoded(speech(0.06), QUICK)[0])
    assert microphone.is_active
    microphone.end()
    assert not microphone.is_active


@pytest.fixture
def talk(hand: HandClock) -> object:
    async def said(packets: list[bytes], frame_ms: int, profile: Profile = LEAN) -> list[SpeechPacket]:
        browser = Browser(hand, packets, frame_ms)
        seconds = len(packets) * frame_ms / 1000 + 2.0
        talker = SendStream(Until(browser, seconds), profile)
        return [packet async for packet in talker]

    return said


class Until:
    """The browser's source, for so long."""

    def __init__(self, browser: Browser, seconds: float) -> None:
        self._browser, self._seconds = browser, seconds

    async def __aiter__(self) -> AsyncIterator[Captured]:
        async for one in self._browser:
            if self._browser.hand.time - self._browser.began > self._seconds:
                return
            yield one


async def test_the_talker_sends_a_browsers_frames_on_two_in_a_packet(talk: object) -> None:
    packets = encoded(speech(1.2), QUICK)
    said = await talk(packets, 60)  # type: ignore[operator]
    frames = [frame for packet in said for frame in opus_packet.split(packet.payload)]
    assert [frame for frame in frames if frame in packets] == packets
    assert any(
        packet.payload == opus_packet.join(packets[at : at + 2]) for packet in said for at in range(len(packets) - 1)
    )


@pytest.mark.parametrize(
    ("profile", "frame_ms"),
    [(replace(QUICK, bitrate=24_000), 60), (replace(QUICK, frame_ms=20), 20)],
    ids=["too many bits", "other frames"],
)
async def test_what_does_not_fit_is_encoded_anew(talk: object, profile: Profile, frame_ms: int) -> None:
    packets = encoded(speech(3.0), profile)
    said = await talk(packets, frame_ms)  # type: ignore[operator]
    frames = [frame for packet in said for frame in opus_packet.split(packet.payload)]
    again = [frame for frame in frames if frame not in packets]
    assert len(again) > 0.6 * len(frames)
    kbps = sum(len(packet.payload) for packet in said) * 8 / 3.0 / 1000
    assert kbps < 1.25 * LEAN.bitrate / 1000
