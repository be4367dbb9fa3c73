from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from node.bench.call_simulation import (
    CallSimulation,
    SimulatedPath,
    encoded_packets,
    exact_losses,
    sent_kbps,
    wire_bytes,
)
from node.bench.speech.streams import read
from node.speech.libopus import OpusDecoder
from node.speech.pcm import Pcm
from node.speech.profiles import LEAN
from node.speech.rates import PACKET_HEADERS
from node.speech.send_stream import SpeechPacket
from protocol.speech import opus_packet


@pytest.fixture(scope="module")
def spoken(recording: Path) -> Pcm:
    return read(recording)


@pytest.fixture(scope="module")
def packets(spoken: Pcm) -> list[SpeechPacket]:
    return asyncio.run(encoded_packets(spoken, LEAN, redundancy=1))


def seconds(packets: list[SpeechPacket]) -> float:
    return sum(packet.duration_ms for packet in packets) / 1000


def test_a_packet_costs_its_headers_its_bytes_and_its_copies(packets: list[SpeechPacket]) -> None:
    bare, tenth = replace(packets[0], copies=()), packets[10]
    assert wire_bytes(bare) == PACKET_HEADERS + len(bare.payload)
    assert wire_bytes(tenth) == PACKET_HEADERS + len(tenth.payload) + 5 + len(tenth.copies[0].payload)
    assert sent_kbps([bare], 0.12) == pytest.approx(wire_bytes(bare) * 8 / 120)


def test_a_perfect_path_is_heard_whole(packets: list[SpeechPacket]) -> None:
    simulation = CallSimulation([replace(packet, copies=()) for packet in packets], SimulatedPath())
    assert simulation.decode(1.0).any()
    assert simulation.playout.stats.lost == 0


def test_without_copies_what_is_heard_is_what_was_encoded(spoken: Pcm) -> None:
    sent = asyncio.run(encoded_packets(spoken, replace(LEAN, high_band=False)))
    heard, decoder = CallSimulation(sent).decode(seconds(sent) + 1), OpusDecoder()
    offline = np.concatenate([decoder.decode(frame) for packet in sent for frame in opus_packet.split(packet.payload)])
    start = next(n for n in range(6400) if np.array_equal(heard[n + 80 : n + 2000], offline[80:2000]))
    assert np.array_equal(heard[start + 80 : start + len(offline)], offline[80:])


def test_losses_are_counted_and_gaps_measured(packets: list[SpeechPacket]) -> None:
    simulation = CallSimulation(packets, SimulatedPath(lost={20, 21, 22, 23, 24}.__contains__))
    simulation.decode(seconds(packets))
    assert simulation.playout.stats.lost == 5
    assert simulation.gap_ms_max >= 400


def test_a_slow_link_delays_and_drops(packets: list[SpeechPacket]) -> None:
    quick = list(SimulatedPath().arrivals(packets))
    slow = list(SimulatedPath(kbps=12.0).arrivals(packets))
    assert len(slow) < len(quick) == len(packets)
    assert slow[0][0] > quick[0][0]
    busy = list(SimulatedPath(kbps=20.0, others=(250, 500.0)).arrivals(packets))
    assert max(at for at, _, _ in busy) > max(at for at, _, _ in SimulatedPath(kbps=20.0).arrivals(packets))


def test_jitter_and_drift_move_arrivals(packets: list[SpeechPacket]) -> None:
    plain = [at for at, _, _ in SimulatedPath().arrivals(packets)]
    spread = [at for at, _, _ in SimulatedPath(jitter_ms=40).arrivals(packets)]
    assert all(0 <= later - at <= 40 for at, later in zip(plain, spread, strict=True))
    assert spread == [at for at, _, _ in SimulatedPath(jitter_ms=40).arrivals(packets)]
    drifted = [at for at, _, _ in SimulatedPath(drift_ppm=200).arrivals(packets)]
    assert drifted == pytest.approx([at * 1.0002 for at in plain])


@pytest.mark.parametrize(("share", "burst"), [(0.1, 1), (0.2, 1), (0.1, 3), (1.0, 1), (0.0, 1)])
def test_a_pattern_loses_exactly_its_share(share: float, burst: int) -> None:
    lost = [number for number in range(600) if exact_losses(share, burst, 600, seed=3)(number)]
    assert len(lost) == pytest.approx(600 * share, abs=burst)
    assert lost == [number for number in range(600) if exact_losses(share, burst, 600, seed=3)(number)]


def test_bursts_are_whole_and_may_meet() -> None:
    lost = [number for number in range(600) if exact_losses(0.1, 3, 600, seed=3)(number)]
    assert all(lost[n + 2] - lost[n] == 2 for n in range(0, len(lost), 3))
    single = [exact_losses(0.2, 1, 600, seed=3)(number) for number in range(600)]
    pairs = sum(one and other for one, other in itertools.pairwise(single))
    assert pairs == pytest.approx(600 * 0.04, rel=0.4)
