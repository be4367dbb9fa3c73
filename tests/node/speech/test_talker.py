from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from node.speech.opus import Encoder
from node.speech.profiles import LEAN
from node.speech.sound import FRAME_SAMPLES, Pcm, silence
from node.speech.sources import Captured
from node.speech.talker import Packet, Talker
from protocol.speech import opus


class Frames:
    """A source of given frames; `skipped` maps a frame's number to what was lost before it."""

    def __init__(self, pcm: Pcm, skipped: dict[int, int] | None = None) -> None:
        self.pcm = pcm
        self.skipped = skipped or {}

    async def __aiter__(self) -> AsyncIterator[Captured]:
        at = 50.0
        for number in range(len(self.pcm) // FRAME_SAMPLES):
            skipped = self.skipped.get(number, 0)
            at += skipped / 16_000
            begin = number * FRAME_SAMPLES
            yield Captured(self.pcm[begin : begin + FRAME_SAMPLES], at, skipped)
            at += 0.06


async def packets(source: Frames) -> list[Packet]:
    return [packet async for packet in Talker(source)]


async def test_two_frames_share_a_packet(tone: Pcm) -> None:
    sent = await packets(Frames(tone[: 10 * FRAME_SAMPLES]))
    assert [opus.duration_ms(packet.payload) for packet in sent] == [120] * 5
    assert [packet.timestamp for packet in sent] == [0, 5760, 11_520, 17_280, 23_040]
    assert [packet.captured_at for packet in sent] == pytest.approx([50 + 0.12 * n for n in range(5)])


async def test_the_frames_are_what_the_encoder_gives(tone: Pcm) -> None:
    encoder = Encoder(LEAN)
    sent = await packets(Frames(tone[: 4 * FRAME_SAMPLES]))
    frames = [frame for packet in sent for frame in opus.split(packet.payload)]
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


async def test_talking_is_told_from_a_quiet_room(tone: Pcm) -> None:
    room = np.random.default_rng(1).normal(0, 20, 2 * FRAME_SAMPLES).astype(np.int16)
    sent = await packets(Frames(np.concatenate([silence(1920), room, tone[:1920]])))
    assert [packet.voiced for packet in sent] == [False, False, True]


def test_the_lookahead_is_the_encoders() -> None:
    assert Talker(Frames(silence(0))).lookahead_ms == Encoder(LEAN).lookahead_ms


async def test_copies_go_along_when_asked_for() -> None:
    talker = Talker(Frames(np.zeros(20 * FRAME_SAMPLES, np.int16)))
    assert talker.redundancy == 0
    sent = []
    async for packet in talker:
        sent.append(packet)
        talker.redundancy = {3: 1, 6: 2}.get(len(sent), talker.redundancy)
    assert [[copy.offset for copy in packet.copies] for packet in sent] == [[]] * 3 + [[8640]] * 3 + [[14_400]] * 4


async def test_no_other_redundancy_is_taken() -> None:
    with pytest.raises(ValueError, match="redundancy"):
        Talker(Frames(silence(0))).redundancy = 3
