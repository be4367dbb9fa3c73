"""Opus or Lyra, whichever all listeners take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from node.speech import lyra_model as lyra_models
from node.speech.audio_io import Captured
from node.speech.codec import LyraChoice, SpeechDecoder, SpeechEncoder
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.pcm import FRAME_SAMPLES, Pcm
from node.speech.profiles import LEAN
from node.speech.send_stream import SendStream, SpeechPacket
from protocol.errors import NodeError, PacketError
from protocol.speech import lyra, opus_packet


class Company:
    """Listeners who take Lyra, or not, as the test says."""

    def __init__(self) -> None:
        self.take_lyra = True

    def __call__(self) -> bool:
        return self.take_lyra


class Frames:
    """A source of a sound's frames; at `until` the company loses its Lyra."""

    def __init__(self, pcm: Pcm, company: Company, until: int) -> None:
        self._pcm, self._company, self._until = pcm, company, until

    async def __aiter__(self) -> AsyncIterator[Captured]:
        for number, frame in enumerate(self._pcm.reshape(-1, FRAME_SAMPLES)):
            self._company.take_lyra = number < self._until
            yield Captured(frame, 0.06 * number)


def without_pause(speech: Pcm, frames: int) -> Pcm:
    """So many frames of the recording in a row, none of which is a pause."""
    loudness = np.abs(speech[: len(speech) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)).mean(axis=1)
    softest = [loudness[first : first + frames].min() for first in range(len(loudness) - frames + 1)]
    first = int(np.argmax(softest)) * FRAME_SAMPLES
    return speech[first : first + frames * FRAME_SAMPLES]


async def spoken(folder: Path, pcm: Pcm, until: int) -> list[SpeechPacket]:
    company = Company()
    encoder = SpeechEncoder(LEAN, LyraChoice(folder), company)
    return [packet async for packet in SendStream(Frames(pcm, company, until), LEAN, encoder)]


async def test_six_lyra_frames_share_a_packet(lyra_folder: Path, speech: Pcm) -> None:
    packets = await spoken(lyra_folder, without_pause(speech, 8), until=99)
    assert [len(packet.payload) for packet in packets] == [50] * 4
    assert [packet.timestamp for packet in packets] == [0, 5760, 11_520, 17_280]
    assert all(len(lyra.parse(packet.payload)) == 6 for packet in packets)


async def test_someone_without_lyra_gets_opus_from_then_on(lyra_folder: Path, speech: Pcm) -> None:
    packets = await spoken(lyra_folder, without_pause(speech, 6), until=4)
    assert [lyra.is_lyra(packet.payload) for packet in packets] == [True, True, False]
    assert [packet.timestamp for packet in packets] == [0, 5760, 11_520]
    assert sum(opus_packet.duration_ms(packet.payload) for packet in packets) == 360


async def test_the_decoder_takes_both_and_conceals_as_it_heard_last(lyra_folder: Path, speech: Pcm) -> None:
    packets = await spoken(lyra_folder, without_pause(speech, 8), until=4)
    decoder = SpeechDecoder(lyra_folder)
    heard = [decoder.decode(frame) for packet in packets for frame in opus_packet.split(packet.payload)]
    assert sum(map(len, heard)) == 8 * FRAME_SAMPLES
    assert all(part.any() for part in heard[1:])
    assert decoder.conceal(320).any()


def test_opus_alone_is_as_without_it(speech: Pcm) -> None:
    packets = [OpusEncoder(LEAN).encode(speech[:FRAME_SAMPLES])]
    plain, both = OpusDecoder(), SpeechDecoder()
    for packet in packets:
        assert np.array_equal(both.decode(packet), plain.decode(packet))
    assert np.array_equal(both.conceal(400), plain.conceal(400))
    following = OpusEncoder(LEAN).encode(speech[FRAME_SAMPLES : 2 * FRAME_SAMPLES])
    assert np.array_equal(both.recover(400, following), plain.recover(400, following))


def test_lyra_holds_nothing_of_what_was_lost_before_it(speech: Pcm) -> None:
    plain, both = OpusDecoder(), SpeechDecoder()
    packet = OpusEncoder(LEAN).encode(speech[:FRAME_SAMPLES])
    assert np.array_equal(both.decode(packet), plain.decode(packet))
    assert np.array_equal(both.recover(400, lyra.build([bytes(8)])), plain.conceal(400))


def test_lyra_without_models_is_a_bad_packet_and_opus_goes_on() -> None:
    decoder = SpeechDecoder()
    with pytest.raises(PacketError, match="no models"):
        decoder.decode(lyra.build([bytes(8)]))
    assert len(decoder.conceal(320)) == 320


def test_frames_that_lyra_has_not_are_opus(lyra_folder: Path, speech: Pcm) -> None:
    from dataclasses import replace

    short = SpeechEncoder(replace(LEAN, frame_ms=10), LyraChoice(lyra_folder), lambda: True)
    assert not lyra.is_lyra(short.encode(speech[:160]))
    assert short.lookahead_ms == OpusEncoder(LEAN).lookahead_ms


def test_no_models_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=lyra_models.ENCODER):
        SpeechEncoder(LEAN, LyraChoice(tmp_path), lambda: True)
