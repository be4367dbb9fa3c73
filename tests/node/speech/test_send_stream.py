"""Captured sound becomes packets: bundles, gaps, pauses, other settings while it goes on."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.speech.audio_io import Captured
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.pcm import FRAME_SAMPLES, Pcm, silence
from node.speech.profiles import CLEAR, LEAN, QUICK, Application, Profile, custom
from node.speech.send_stream import Reframer, SendStream, SpeechPacket
from node.speech.voice_activity import HANGOVER_MS
from protocol.speech import opus_packet


class Frames:
    """A source of given frames; `skipped` maps a frame's number to what was lost before it."""

    def __init__(self, pcm: Pcm, skipped: dict[int, int] | None = None, length: int = FRAME_SAMPLES) -> None:
        self.pcm = pcm
        self.skipped = skipped or {}
        self.length = length

    async def __aiter__(self) -> AsyncIterator[Captured]:
        at = 50.0
        for number in range(len(self.pcm) // self.length):
            skipped = self.skipped.get(number, 0)
            at += skipped / 16_000
            begin = number * self.length
            yield Captured(self.pcm[begin : begin + self.length], at, skipped)
            at += self.length / 16_000


WITHOUT_PAUSES = replace(LEAN, dtx=False)
ENCODE = OpusEncoder.encode


async def packets(source: Frames, profile: Profile = WITHOUT_PAUSES) -> list[SpeechPacket]:
    return [packet async for packet in SendStream(source, profile)]


async def test_two_frames_share_a_packet(tone: Pcm) -> None:
    sent = await packets(Frames(tone[: 10 * FRAME_SAMPLES]))
    assert [opus_packet.duration_ms(packet.payload) for packet in sent] == [120] * 5
    assert [packet.timestamp for packet in sent] == [0, 5760, 11_520, 17_280, 23_040]
    assert [packet.captured_at for packet in sent] == pytest.approx([50 + 0.12 * n for n in range(5)])


async def test_the_frames_are_what_the_encoder_gives(tone: Pcm) -> None:
    encoder = OpusEncoder(LEAN)
    sent = await packets(Frames(tone[: 4 * FRAME_SAMPLES]))
    frames = [frame for packet in sent for frame in opus_packet.split(packet.payload)]
    assert frames == [encoder.encode(tone[n * 960 : (n + 1) * 960]) for n in range(4)]


async def test_a_last_frame_alone_is_sent_alone(tone: Pcm) -> None:
    *_, last = await packets(Frames(tone[: 3 * FRAME_SAMPLES]))
    assert (last.timestamp, last.duration_ms) == (5760, 60)


async def test_a_gap_ends_the_bundle_and_moves_the_timestamp(tone: Pcm) -> None:
    sent = await packets(Frames(tone[: 5 * FRAME_SAMPLES], skipped={1: 1600, 3: 320}))
    assert [(packet.timestamp, packet.duration_ms) for packet in sent] == [
        (0, 60),
        (2880 + 4800, 120),
        (2880 + 4800 + 5760 + 960, 120),
    ]
    assert [packet.captured_at for packet in sent] == pytest.approx([50 + packet.timestamp / 48_000 for packet in sent])


async def test_talking_is_distinguished_from_a_quiet_room(tone: Pcm) -> None:
    room = np.random.default_rng(1).normal(0, 20, 2 * FRAME_SAMPLES).astype(np.int16)
    sent = await packets(Frames(np.concatenate([silence(1920), room, tone[:1920]])))
    assert [packet.voiced for packet in sent] == [False, False, True]


def test_the_lookahead_is_the_encoders() -> None:
    assert SendStream(Frames(silence(0))).lookahead_ms == OpusEncoder(LEAN).lookahead_ms


async def test_copies_go_along_when_asked_for() -> None:
    talker = SendStream(Frames(np.zeros(20 * FRAME_SAMPLES, np.int16)), WITHOUT_PAUSES)
    assert talker.redundancy == 0
    sent = []
    async for packet in talker:
        sent.append(packet)
        talker.redundancy = {3: 1, 6: 2}.get(len(sent), talker.redundancy)
    assert [[copy.offset for copy in packet.copies] for packet in sent] == [[]] * 3 + [[8640]] * 3 + [[14_400]] * 4


async def test_no_other_redundancy_is_taken() -> None:
    with pytest.raises(ValueError, match="redundancy"):
        SendStream(Frames(silence(0))).redundancy = 3


# -- other settings


async def test_a_source_of_other_frames_is_cut_anew(tone: Pcm) -> None:
    sent = await packets(Frames(tone[: 12 * 320], length=320))
    assert [packet.duration_ms for packet in sent] == [120, 120]
    assert [packet.captured_at for packet in sent] == pytest.approx([50, 50.12])
    short = await packets(Frames(tone[: 4 * FRAME_SAMPLES]), custom(WITHOUT_PAUSES, frame_ms=20, frames_per_packet=1))
    assert [packet.timestamp for packet in short] == [number * 960 for number in range(12)]
    assert [packet.captured_at for packet in short] == pytest.approx([50 + 0.02 * number for number in range(12)])


async def test_other_settings_hold_from_the_next_packet_on(tone: Pcm) -> None:
    talker = SendStream(Frames(tone[: 12 * FRAME_SAMPLES]), WITHOUT_PAUSES)
    sent = []
    async for packet in talker:
        sent.append(packet)
        if len(sent) == 2:
            talker.change(replace(QUICK, dtx=False))
    assert [packet.duration_ms for packet in sent] == [120, 120] + [60] * 8
    assert [packet.timestamp for packet in sent] == [0, 5760] + [11_520 + 2880 * number for number in range(8)]


async def test_a_change_is_heard_as_one_sound(tone: Pcm) -> None:
    talker, decoder, heard = SendStream(Frames(tone), WITHOUT_PAUSES), OpusDecoder(), []
    async for packet in talker:
        heard += [decoder.decode(frame) for frame in opus_packet.split(packet.payload)]
        talker.change(replace(CLEAR, dtx=False) if len(heard) > 14 else WITHOUT_PAUSES)
    steps = np.abs(np.diff(np.concatenate(heard).astype(int)))
    assert steps[8000:].max() < 2.5 * np.abs(np.diff(tone.astype(int))).max()


async def test_another_application_begins_a_new_encoder(tone: Pcm) -> None:
    talker, sent = SendStream(Frames(tone), WITHOUT_PAUSES), 0
    async for packet in talker:
        sent += packet.duration_ms
        talker.change(custom(WITHOUT_PAUSES, application=Application.AUDIO))
    assert sent == len(tone) // FRAME_SAMPLES * 60


# -- pauses


async def test_nothing_is_sent_of_silence(spoken: Pcm) -> None:
    assert await packets(Frames(silence(16_000)), LEAN) == []
    pause_s = 10
    sent = await packets(Frames(np.concatenate([spoken, silence(pause_s * 16_000), spoken])), LEAN)
    gaps = [after.timestamp - before.timestamp for before, after in itertools.pairwise(sent)]
    assert max(gaps) / 48 >= pause_s * 1000 - HANGOVER_MS - 240
    assert [packet.begins for packet in sent].count(True) >= 2
    assert sent[0].begins


@pytest.mark.parametrize("profile", [LEAN, QUICK])
async def test_the_last_packet_before_a_pause_ends_with_an_empty_frame(spoken: Pcm, profile: Profile) -> None:
    sent = await packets(Frames(np.concatenate([spoken, silence(32_000), spoken])), profile)
    for before, after in itertools.pairwise(sent):
        pause = after.timestamp - before.timestamp > before.duration_ms * 48
        assert pause == after.begins == opus_packet.is_dtx(opus_packet.split(before.payload)[-1])


async def test_speech_is_sent_whole(spoken: Pcm) -> None:
    always = {packet.timestamp: packet.payload for packet in await packets(Frames(spoken))}
    voiced = await packets(Frames(spoken), LEAN)
    assert len(voiced) >= 0.7 * len(always)
    assert {packet.timestamp for packet in voiced} <= set(always)


async def test_frames_of_different_modes_travel_apart(tone: Pcm, monkeypatch: pytest.MonkeyPatch) -> None:
    wide, narrow = OpusEncoder(CLEAR), OpusEncoder(LEAN)
    encoders = itertools.cycle([narrow, narrow, narrow, wide])
    monkeypatch.setattr(OpusEncoder, "encode", lambda _self, pcm: ENCODE(next(encoders), pcm))
    sent = await packets(Frames(tone[: 4 * FRAME_SAMPLES]))
    assert [(packet.timestamp, packet.duration_ms) for packet in sent] == [(0, 120), (5760, 60), (8640, 60)]
    assert sent[2].captured_at == pytest.approx(50.18)


@given(st.lists(st.integers(1, 2000), max_size=20), st.lists(st.integers(1, 2000), min_size=1, max_size=20))
def test_no_sample_is_lost_or_moved(pieces: list[int], frames: list[int]) -> None:
    framing, at, taken, samples = Reframer(), 0, [], 0
    numbers = np.arange(sum(pieces)).astype(np.int16)
    for size, wanted in zip(pieces, frames * 20, strict=False):
        framing.put(Captured(numbers[at : at + size], at / 16_000))
        at += size
        while (frame := framing.take(wanted)) is not None:
            assert len(frame.pcm) == wanted
            assert abs(frame.at - samples / 16_000) < 1e-6
            taken.append(frame.pcm)
            samples += wanted
    heard = np.concatenate([np.zeros(0, np.int16), *taken])
    assert np.array_equal(heard, numbers[: len(heard)])


def test_what_came_encoded_goes_along_only_where_it_is_not_cut() -> None:
    framing = Reframer()
    framing.put(Captured(np.ones(320, np.int16), 1.0, encoded=b"1"))
    whole = framing.take(320)
    assert whole is not None
    assert whole.encoded == b"1"
    framing.put(Captured(np.ones(320, np.int16), 1.02, encoded=b"2"))
    framing.put(Captured(np.ones(320, np.int16), 1.04, encoded=b"3"))
    assert [(frame.encoded if (frame := framing.take(320)) else None) for _ in range(2)] == [None, None]
    framing.put(Captured(np.ones(320, np.int16), 1.06, encoded=b"4"))
    assert [(frame.encoded if (frame := framing.take(160)) else None) for _ in range(2)] == [None, None]
    framing.put(Captured(np.ones(320, np.int16), 2.0, skipped=160, encoded=b"5"))
    frame = framing.take(320)
    assert frame is not None
    assert (frame.encoded, frame.skipped) == (b"5", 160)


def test_a_gap_swallows_the_rest_before_it() -> None:
    framing = Reframer()
    framing.put(Captured(np.ones(500, np.int16), 1.0))
    assert framing.take(320) is not None
    framing.put(Captured(np.full(320, 2, np.int16), 2.0, skipped=1000))
    frame = framing.take(320)
    assert frame is not None
    assert (frame.at, frame.skipped, set(frame.pcm)) == (2.0, 1180, {2})
    framing.put(Captured(np.ones(320, np.int16), 2.02))
    again = framing.take(320)
    assert again is not None
    assert again.skipped == 0


@pytest.mark.parametrize("profile", [LEAN, WITHOUT_PAUSES, QUICK])
async def test_while_it_is_not_open_nothing_is_sent_and_the_pause_has_a_beginning(
    spoken: Pcm, profile: Profile
) -> None:
    stream = SendStream(Frames(spoken), profile)
    stream.open = False
    sent: list[SpeechPacket] = []
    async for packet in stream:
        sent.append(packet)
        stream.open = False
    assert sent == []
    stream = SendStream(Frames(spoken), profile)
    async for packet in stream:
        sent.append(packet)
        stream.open = len(sent) < 3
    assert len(sent) == 4
    assert opus_packet.is_dtx(opus_packet.split(sent[-1].payload)[-1])


async def test_speech_in_frames_of_10_ms_is_sent(spoken: Pcm) -> None:
    short = replace(LEAN, frame_ms=10)
    sent = await packets(Frames(spoken, length=160), short)
    assert sum(packet.duration_ms for packet in sent) > 0.5 * len(spoken) / 16
