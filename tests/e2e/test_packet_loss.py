"""Speech over a link that loses packets at random: what is lost is concealed, and nothing stands still."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import numpy as np
import pytest

from live_call import KeepingSink, noise, parts, place, running
from node.call.endpoints import Models
from node.call.node import Node
from node.links.address import BrokerAddress
from node.links.webrtc import Observer
from node.links.wire_meter import Direction, udp_kind
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm
from node.speech.profiles import LEAN

pytestmark = pytest.mark.real_time

SECONDS = 20.0
SILENT = 50  # peak of a block (of 32,767) in which nothing is heard: the noise that is sent never falls below 1,000
LONGEST_STALL_S = 0.3


def lossy(share: float, seed: int) -> Observer:
    """A network that loses this share of the speech packets that arrive, the same ones at every run."""
    rng = random.Random(seed)

    def passes(direction: Direction, data: bytes) -> bool:
        return not (direction == "received" and udp_kind(data) == "rtp" and rng.random() < share)

    return passes


def longest_stall_s(sound: Pcm) -> float:
    """The longest silence between the first and the last sound."""
    blocks = sound[: len(sound) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES).astype(int)
    heard = np.flatnonzero(np.abs(blocks).max(axis=1) > SILENT)
    gaps = np.diff(heard) - 1
    return float(gaps.max()) * BLOCK_SAMPLES / SAMPLE_RATE


async def test_losses_are_concealed_and_nothing_stalls(embedded_broker: BrokerAddress, fake_models: Models) -> None:
    async with asyncio.TaskGroup() as calls:  # side by side: each takes a few per cent of a core
        for share in (0.05, 0.20):
            calls.create_task(conceals_losses(share, embedded_broker, fake_models))


async def conceals_losses(share: float, broker: BrokerAddress, models: Models) -> None:
    sink, room = KeepingSink(), f"loses {share}"
    speaker = Node("speaker", place(broker, room), parts(models, replace(LEAN, dtx=False), source=noise()))
    lossy_place = place(broker, room, observer=lossy(share, seed=3))
    listener = Node("listener", lossy_place, parts(models, sink=sink))
    async with running(speaker, listener) as nodes:
        await nodes.until(lambda: listener.count().speech_in.received > 0)
        begun = len(sink.played)
        await nodes.until(lambda: (len(sink.played) - begun) * BLOCK_SAMPLES / SAMPLE_RATE > SECONDS)
    counts = listener.count().speech_in
    offered = counts.received + counts.lost
    assert offered > SECONDS / 0.12 * 0.9, "the call stopped"
    assert counts.lost / offered == pytest.approx(share, abs=0.08)
    assert counts.concealed_ms >= counts.lost * 100, "losses were not concealed"
    assert longest_stall_s(sink.sound()) <= LONGEST_STALL_S
