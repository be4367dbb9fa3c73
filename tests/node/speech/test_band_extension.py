"""The high band: measured, sent beside narrowband, and filled up; left out of tones; faded where nothing is known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.speech.audio_io import Captured
from node.speech.band_extension import BLOCK, CODEC_DELAY, HighBandFiller, HighBandMeter
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.pcm import FRAME_SAMPLES, SAMPLE_RATE, Pcm, silence
from node.speech.profiles import CLEAR, LEAN, QUICK, TOUGH, Profile
from node.speech.receive_stream import ReceiveStream
from node.speech.send_stream import SendStream, SpeechPacket
from protocol.speech import high_band, opus_packet, opus_padding
from protocol.speech.high_band import BANDS, EDGES_HZ, NOTHING, Gains
from protocol.speech.playout import Playout

# The steps of the code: half of one is what rounding costs.
STEP_DB = 6.0


def hissing(seconds: float = 1.2, dbfs: float = -30.0) -> Pcm:
    """White noise."""
    noise = np.random.default_rng(5).normal(0, 32768 * 10 ** (dbfs / 20), round(seconds * SAMPLE_RATE))
    return noise[: len(noise) // (2 * FRAME_SAMPLES) * 2 * FRAME_SAMPLES].astype(np.int16)


def tone(hertz: float, seconds: float = 1.2) -> Pcm:
    time = np.arange(round(seconds * SAMPLE_RATE) // (2 * FRAME_SAMPLES) * 2 * FRAME_SAMPLES) / SAMPLE_RATE
    return (6000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def high_dbfs(pcm: Pcm) -> float:
    """The level of what is above the lowest band's edge."""
    spectrum = np.fft.rfft(pcm)
    spectrum[: round(EDGES_HZ[0] * len(pcm) / SAMPLE_RATE)] = 0
    return 10 * float(np.log10(np.mean(np.square(np.fft.irfft(spectrum, len(pcm)))) / 32768**2 + 1e-12))


def measured(pcm: Pcm) -> list[Gains]:
    meter = HighBandMeter()
    return [meter.levels(frame) for frame in pcm.reshape(-1, FRAME_SAMPLES)]


class Frames:
    """A source of frames."""

    def __init__(self, pcm: Pcm) -> None:
        self.frames = pcm.reshape(-1, FRAME_SAMPLES)

    async def __aiter__(self) -> AsyncIterator[Captured]:
        for number, frame in enumerate(self.frames):
            yield Captured(frame, number * 0.06)


async def sent(pcm: Pcm, profile: Profile, wanted: bool = True) -> list[SpeechPacket]:
    stream = SendStream(Frames(pcm), replace(profile, dtx=False), fills=lambda: wanted)
    return [packet async for packet in stream]


def gains(packet: bytes) -> tuple[Gains | None, ...]:
    return high_band.gains_of(opus_packet.parse(packet))


def heard(packets: list[SpeechPacket]) -> Pcm:
    """What a receive stream makes of packets that come on time."""
    stream, blocks = ReceiveStream(Playout(), OpusDecoder()), []
    for number, packet in enumerate(packets):
        now = number * packet.duration_ms / 1000
        stream.receive(number, packet.timestamp, packet.payload, now, packet.copies)
        blocks.append(stream.pull(SAMPLE_RATE * packet.duration_ms // 1000, now))
    return np.concatenate(blocks)


def test_noise_has_the_levels_that_it_has() -> None:
    powers = -30.0 + 10 * np.log10(np.diff(EDGES_HZ) / (SAMPLE_RATE / 2)) + 20 * np.log10(32768)
    for frame in measured(hissing())[1:]:
        for block in frame:
            assert block == pytest.approx((powers - high_band.FLOOR_DB) / STEP_DB, abs=0.8)


def test_what_is_loud_below_is_not_measured_above() -> None:
    assert all(block == NOTHING for frame in measured(tone(1000))[1:] for block in frame)


def test_levels_are_those_of_what_the_decoder_makes() -> None:
    """A click is measured where it is heard after Opus: the codec's delay later."""
    click = silence(2 * FRAME_SAMPLES)
    at = 2 * BLOCK - CODEC_DELAY + 100
    click[at : at + 32] = np.random.default_rng(1).normal(0, 5000, 32)
    (first, second) = measured(click)
    assert [any(block) for block in (*first, *second)] == [False, False, True, False, False, False]


@pytest.mark.parametrize(("sound", "helps"), [(hissing(), True), (tone(5000), False)])
def test_noise_is_a_likeness_of_noise_and_not_of_tones(sound: Pcm, helps: bool) -> None:
    meter = HighBandMeter()
    for frame in sound.reshape(-1, FRAME_SAMPLES):
        meter.levels(frame)
    assert meter.helps is helps


@pytest.mark.parametrize("profile", [LEAN, QUICK])
async def test_narrowband_with_gains_is_heard_up_to_8_khz(profile: Profile) -> None:
    pcm = hissing()
    filled, narrow = heard(await sent(pcm, profile)), heard(await sent(pcm, replace(profile, high_band=False)))
    steady = slice(4 * FRAME_SAMPLES, -FRAME_SAMPLES)
    assert high_dbfs(filled[steady]) == pytest.approx(high_dbfs(pcm[steady]), abs=5)
    assert high_dbfs(narrow[steady]) < high_dbfs(pcm[steady]) - 15


async def test_gains_go_only_where_they_are_wanted_and_help() -> None:
    for pcm, profile, wanted in (
        (hissing(), LEAN, False),
        (hissing(), replace(LEAN, high_band=False), True),
        (hissing(), CLEAR, True),
        (tone(5000), LEAN, True),
        (silence(8 * FRAME_SAMPLES), LEAN, True),
    ):
        assert all(one is None for packet in await sent(pcm, profile, wanted) for one in gains(packet.payload))


async def test_each_packet_can_be_read_alone_and_is_little_larger() -> None:
    pcm = hissing()
    packets, plain = await sent(pcm, LEAN), await sent(pcm, replace(LEAN, high_band=False))
    for packet, without in zip(packets, plain, strict=True):
        assert opus_padding.strip(packet.payload) == without.payload
        assert len(packet.payload) <= len(without.payload) + 16
        assert all(one is not None and len(one) == 3 for one in gains(packet.payload))


async def test_copies_bring_the_gains_of_their_frames() -> None:
    packets = await sent(hissing(), TOUGH)
    by_time = {
        packet.timestamp + index * 2880: own for packet in packets for index, own in enumerate(gains(packet.payload))
    }
    copied = [
        (packet.timestamp - copy.offset + index * 2880, own)
        for packet in packets[3:]
        for copy in packet.copies
        for index, own in enumerate(gains(copy.payload))
    ]
    assert copied
    assert all(own is not None and own == by_time[at] for at, own in copied)


def test_what_is_made_up_fades() -> None:
    filler, quiet = HighBandFiller(), silence(FRAME_SAMPLES)
    full = filler.fill(quiet, ((8,) * BANDS,) * 3)
    fading = filler.fade(quiet)
    assert high_dbfs(fading[:BLOCK]) < high_dbfs(full[-BLOCK:])
    assert high_dbfs(fading[-BLOCK:]) < high_dbfs(full[-BLOCK:]) - 15
    for _ in range(10):
        fading = filler.fade(quiet)
    assert not fading.any()


def test_a_frame_without_gains_ends_the_band_without_a_click() -> None:
    filler, quiet = HighBandFiller(), silence(FRAME_SAMPLES)
    filler.fill(quiet, ((8,) * BANDS,) * 3)
    ending = filler.fill(quiet, None)
    assert ending[:16].any()
    assert not ending[BLOCK:].any()
    assert not filler.fill(quiet, None).any()


def test_sound_without_gains_is_as_decoded() -> None:
    pcm = hissing()[:FRAME_SAMPLES]
    assert HighBandFiller().fill(pcm, None) is pcm
    assert HighBandFiller().fade(pcm) is pcm


@given(
    st.lists(st.sampled_from([40, 160, 320, 640, 960, 1920]), min_size=1, max_size=5),
    st.integers(-32768, 32767),
    st.integers(0, 11),
)
def test_frames_of_any_length_can_be_filled(lengths: list[int], sample: int, level: int) -> None:
    filler = HighBandFiller()
    for length in lengths:
        pcm = np.full(length, sample, np.int16)
        filled = filler.fill(pcm, ((level,) * BANDS,) * max(1, length // BLOCK))
        assert filled.shape == pcm.shape
        assert filled.dtype == np.int16
        assert filler.fade(pcm).shape == pcm.shape


def test_the_codecs_delay_is_that_of_libopus() -> None:
    assert OpusEncoder(LEAN).lookahead_ms * SAMPLE_RATE / 1000 == CODEC_DELAY
