"""Lyra through a real call: half of Opus's rate, and Opus for whoever has no Lyra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from attempts import MOST_AWAY_MS, Attempts
from scipy.signal import correlate

from live_call import KeepingSink, clip_after, parts, place, running
from node.bench.speech.measures import scores
from node.call.endpoints import Models
from node.call.node import Node
from node.links.address import BrokerAddress
from node.speech import sound_files
from node.speech.codec import LyraChoice
from node.speech.pcm import BLOCK_SAMPLES, FRAME_SAMPLES, SAMPLE_RATE, Pcm

pytestmark = pytest.mark.real_time

LEAD_S = 3.0
LEAST_PESQ = 2.1
MOST_KBPS = 7.5
CLIP = "ls1998_F"  # one at a time: what two cores cannot do in time is heard as haste
TRIES = 4


def heard_of(said: Pcm, heard: Pcm) -> Pcm:
    """What was heard, from where it begins, which loudness tells: Lyra keeps no waveform."""
    loudness = [np.convolve(np.abs(sound.astype(float)), np.ones(80), "same") for sound in (heard, said)]
    lag = int(np.argmax(correlate(loudness[0], loudness[1] - loudness[1].mean(), mode="valid", method="fft")))
    return heard[lag : lag + len(said)]


@pytest.mark.timeout(400)
async def test_it_costs_little_and_sounds_as_it_should(
    shared_speech: list[Path], lyra_folder: Path, embedded_broker: BrokerAddress, fake_models: Models
) -> None:
    pytest.importorskip("pesq")
    clip = next(clip for clip in shared_speech if clip.stem == CLIP)
    rate, pesq = await undisturbed(clip, embedded_broker, fake_models, LyraChoice(lyra_folder))
    print(f"{clip.stem}: {rate:.2f} kbit/s on the wire, PESQ-wb {pesq:.2f}")
    assert rate <= MOST_KBPS
    assert pesq >= LEAST_PESQ


async def undisturbed(clip: Path, broker: BrokerAddress, models: Models, choice: LyraChoice) -> tuple[float, float]:
    """The speech's rate and PESQ in a call for which the machine had a processor at all times."""
    attempts = Attempts(TRIES)
    for _ in attempts:
        rate, pesq, lag_ms, concealed_ms = await call(clip, broker, models, choice)
        if (lag_ms <= MOST_AWAY_MS and not concealed_ms) or (rate <= MOST_KBPS and pesq >= LEAST_PESQ):
            break
        print(f"{clip.stem}: again, the loop was late by {lag_ms:.0f} ms, {concealed_ms:.0f} ms were concealed")
    attempts.skip_if_away()
    return rate, pesq


async def call(clip: Path, broker: BrokerAddress, models: Models, choice: LyraChoice) -> tuple[float, ...]:
    """The speech's rate on the wire, PESQ wide of what was heard, the loop's longest lag, and what was concealed."""
    said = np.concatenate(list(sound_files.blocks(clip, FRAME_SAMPLES)))
    sink, room = KeepingSink(), place(broker, room=clip.stem)
    speaker = Node("speaker", room, parts(models, source=clip_after(clip, LEAD_S), lyra=choice))
    listener = Node("listener", room, parts(models, sink=sink, lyra=choice))
    seconds = LEAD_S + len(said) / SAMPLE_RATE + 1
    async with running(speaker, listener) as nodes:
        await nodes.until(lambda: len(sink.played) * BLOCK_SAMPLES / SAMPLE_RATE > seconds, patience_s=60)
    assert listener.count().speech_in.lost == 0
    rate, judged = speaker.count().speech_wire_kbps(), scores(said, heard_of(said, sink.sound()))
    assert rate is not None
    assert judged.pesq_wb is not None
    lag_ms = max(node.count().loop_lag.max_ms for node in (speaker, listener))
    return rate, judged.pesq_wb, lag_ms, listener.count().speech_in.concealed_ms


async def test_a_peer_without_lyra_gets_opus(
    shared_speech: list[Path], lyra_folder: Path, embedded_broker: BrokerAddress, fake_models: Models
) -> None:
    sink, room = KeepingSink(), place(embedded_broker)
    source = clip_after(shared_speech[0], 0)
    speaker = Node("speaker", room, parts(fake_models, source=source, lyra=LyraChoice(lyra_folder)))
    listener = Node("listener", room, parts(fake_models, sink=sink))
    async with running(speaker, listener) as nodes:
        await nodes.until(lambda: listener.count().speech_in.received > 10)
    assert listener.count().speech_in.bad_packets == 0
    payload = speaker.count().speech_out
    assert payload.payload / payload.packets != 50
