#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What the speech path does under loss, drift and on slow links, and what a call costs.

    scripts/bench_speech [--speech DIR] [--lyra DIR] [--row NAME ...]

Prints one JSON object, a row of the table for each key. Needs pystoi (`pip install 'pictophone[dev]'`). Without
`--speech` the turns of the shipped dialogue are the recordings. Losses, a slow link and drift are simulated; the other
rows are calls of two nodes by `scripts/measure_wire`, and need root: `half_silent`, `upkeep`, `mouth_to_ear`, `cpu`,
`lyra` (with `--lyra`), and only when named, as they take minutes, `lowest`, `lean`, `clear` and `slow_link_real`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path as File
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from node.bench.call_simulation import CallSimulation, SimulatedPath, encoded_packets, exact_losses, sent_kbps
from node.speech import dialogue, sound_files
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm, seconds_of
from node.speech.profiles import LEAN
from node.speech.send_stream import SpeechPacket
from protocol.errors import PictophoneError
from protocol.speech.opus_packet import OPUS_RATE
from wirebench import rows

LEAD_S = 4.0  # speech before the part that is measured: the delay has grown by then
TAIL_S = 1.5
SEEDS = 8
HOUR_S = 3600.0
Row = Callable[[list[Pcm]], dict[str, Any]]


def estoi(said_pcm: Pcm, heard: Pcm) -> float:
    """ESTOI of what is heard, wherever in it the recording lies."""
    from pystoi import stoi
    from scipy.signal import correlate

    lag = int(np.argmax(correlate(heard.astype(float), said_pcm.astype(float), mode="valid", method="fft")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(stoi(said_pcm, heard[lag : lag + len(said_pcm)], SAMPLE_RATE, extended=True))


class Clip:
    """One recording, what a node sends of it after a lead, and how it is heard."""

    def __init__(self, pcm: Pcm, redundancy: int) -> None:
        self.pcm, self.lead = pcm, np.resize(pcm, int(LEAD_S * SAMPLE_RATE) // 1920 * 1920)
        self.packets = asyncio.run(encoded_packets(np.concatenate([self.lead, pcm]), LEAN, redundancy))
        self.seconds = seconds_of(len(self.lead) + len(pcm))
        self.whole = self.estoi(SimulatedPath())

    @property
    def kbps(self) -> float:
        """Of the packets with the recording, not the lead."""
        packets = [packet for packet in self.packets if packet.timestamp >= len(self.lead) * OPUS_RATE // SAMPLE_RATE]
        return sent_kbps(packets, sum(packet.duration_ms for packet in packets) / 1000)

    def estoi(self, path: SimulatedPath) -> float:
        """Of the recording, heard over this path."""
        decoded = CallSimulation(self.packets, path).decode(self.seconds + TAIL_S)
        return estoi(self.pcm, decoded[len(self.lead) :])

    def loss(self, share: float, burst: int, seed: int) -> float:
        """How much ESTOI a loss costs."""
        return self.whole - self.estoi(SimulatedPath(exact_losses(share, burst, len(self.packets), seed)))


@cache
def _clip(sound: bytes, redundancy: int) -> Clip:
    return Clip(np.frombuffer(sound, np.int16), redundancy)


def losing(share: float, burst: int) -> Row:
    """A row: ESTOI that is lost, the mean over all recordings and seeds, by redundancy."""

    def row(recordings: list[Pcm]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for redundancy in (0, 1, 2):
            takes = [_clip(pcm.tobytes(), redundancy) for pcm in recordings]
            seeds = itertools.count()
            losses = [[take.loss(share, burst, next(seeds)) for _ in range(SEEDS)] for take in takes]
            result[f"redundancy_{redundancy}"] = {
                "estoi_lost": round(float(np.mean(losses)), 4),
                "estoi_lost_worst_recording": round(max(float(np.mean(each)) for each in losses), 4),
                "estoi_without_loss": round(float(np.mean([take.whole for take in takes])), 4),
                "wire_kbps": round(float(np.mean([take.kbps for take in takes])), 2),
            }
        return result

    return row


def shown(simulation: CallSimulation, seconds: float, what: str) -> Iterable[Pcm]:
    """The blocks of a simulation, with a bar."""
    blocks = round(seconds * SAMPLE_RATE / BLOCK_SAMPLES)
    return track(simulation.blocks(seconds), what, total=blocks, console=Console(stderr=True), transient=True)


def endless(packets: list[SpeechPacket]) -> Iterator[SpeechPacket]:
    """The same packets again and again, on a timeline that goes on."""
    length = packets[-1].timestamp + packets[-1].duration_ms * OPUS_RATE // 1000
    for turn in itertools.count():
        for packet in packets:
            yield replace(packet, timestamp=packet.timestamp + turn * length)


def drift(recordings: list[Pcm]) -> dict[str, Any]:
    """One hour at each extreme: the range of the wait, and the largest step between samples against no drift."""
    packets = asyncio.run(encoded_packets(np.concatenate(recordings), LEAN))
    steps = {}
    result: dict[str, Any] = {}
    for ppm in (0, 200, -200):
        simulation, step, last = CallSimulation(endless(packets), SimulatedPath(drift_ppm=ppm)), 0, 0
        waits: list[float] = []
        for block in shown(simulation, HOUR_S, f"drift {ppm:+d} ppm"):
            step = max(step, int(np.abs(np.diff(np.concatenate([[last], block]).astype(int))).max()))
            last = int(block[-1])
            waits += simulation.listener.wait_ms_recent
            simulation.listener.wait_ms_recent.clear()
        steps[ppm], stats = step, simulation.playout.stats
        result[f"{ppm:+d}_ppm"] = {
            "wait_ms_min": round(min(waits), 1),
            "wait_ms_max": round(max(waits), 1),
            "underruns": stats.underruns,
            "concealed_ms": stats.concealed_ms,
            "dropped_ms": stats.dropped_ms,
            "largest_step_against_no_drift": round(step / steps[0], 2),
        }
    return result


def slow_link(recordings: list[Pcm]) -> dict[str, Any]:
    """Five minutes over 20 kbit/s with 10 % loss, and a picture's 250 bytes every two seconds."""
    result: dict[str, Any] = {}
    seconds = 300.0
    for redundancy in (0, 1, 2):
        packets = asyncio.run(encoded_packets(np.concatenate(recordings), LEAN, redundancy))
        count = math.ceil(seconds * 1000 / LEAN.packet_ms)
        path = SimulatedPath(exact_losses(0.1, 1, count, 5), kbps=20.0, others=(250, 2000.0))
        simulation = CallSimulation(endless(packets), path)
        for _ in shown(simulation, seconds, f"slow link, redundancy {redundancy}"):
            pass
        stats = simulation.playout.stats
        result[f"redundancy_{redundancy}"] = {
            "gap_ms_max": simulation.gap_ms_max,
            "stall_ms_max": stats.stall_ms_max,
            "stalls": stats.underruns,
            "concealed_share": round(stats.concealed_ms / 1000 / seconds, 4),
            "wait_ms_p95": round(float(np.percentile(simulation.playout.waits_ms, 95)), 0),
        }
    return result


ROWS: dict[str, Row] = {
    "loss_10_random": losing(0.1, 1),
    "loss_20_random": losing(0.2, 1),
    "loss_10_bursts_of_3": losing(0.1, 3),
    "slow_link": slow_link,
    "drift": drift,
}
CALLS: dict[str, Callable[[list[File]], dict[str, Any]]] = {
    "half_silent": rows.half_silent,
    "upkeep": rows.upkeep,
    "mouth_to_ear": rows.mouth_to_ear,
    "cpu": rows.cpu,
}
LONG_CALLS: dict[str, Callable[[list[File]], dict[str, Any]]] = {
    "lowest": lambda paths: rows.talking(paths, "--profile", "lowest"),
    "lean": lambda paths: rows.talking(paths, "--profile", "lean"),
    "clear": lambda paths: rows.talking(paths, "--profile", "clear"),
    "slow_link_real": rows.slow_link_real,
}


def of_lyra(folder: File | None, paths: list[File]) -> dict[str, Any]:
    """A row: what speech by Lyra at 3.2 kbit/s costs, and how it sounds."""
    if folder is None:
        raise rows.CallFailed("give the folder with Lyra V2's model files: --lyra DIR")
    return rows.talking(paths, "--lyra", str(folder.resolve()))


def recordings_in(folder: File | None) -> list[File]:
    """All files of a folder, or none."""
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder else []


def pcm_of(paths: list[File]) -> list[Pcm]:
    """The sound of the files, or the turns of the dialogue if there are none."""
    given = paths or [turn.path for turn in dialogue.shipped()]
    return [np.concatenate(list(sound_files.blocks(path, BLOCK_SAMPLES))) for path in given]


def usual(has_lyra: bool) -> list[str]:
    """The rows that are measured when none is named: calls need root."""
    calls = [*CALLS, *["lyra"] * has_lyra]
    if os.geteuid() == 0:
        return [*ROWS, *calls]
    print(f"bench_speech: left out {', '.join(calls)}: they need root", file=sys.stderr)
    return [*ROWS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=File, metavar="DIR", help="a folder of recordings")
    parser.add_argument("--lyra", type=File, metavar="DIR", help="the folder of Lyra V2's model files")
    known = [*ROWS, *CALLS, "lyra", *LONG_CALLS]
    parser.add_argument("--row", action="append", choices=known, help="only this row; may be repeated")
    arguments = parser.parse_args()
    try:
        paths = recordings_in(arguments.speech)
        recordings = pcm_of(paths)
    except (OSError, PictophoneError) as error:
        parser.error(str(error))
    calls = {**CALLS, **LONG_CALLS, "lyra": partial(of_lyra, arguments.lyra)}
    found: dict[str, dict[str, Any]] = {}
    for name in arguments.row or usual(arguments.lyra is not None):
        try:
            found[name] = ROWS[name](recordings) if name in ROWS else calls[name](paths)
        except rows.CallFailed as error:
            found[name] = {"error": str(error)}
    print(json.dumps(found, indent=1))
    sys.exit(1 if any("error" in row for row in found.values()) else 0)


if __name__ == "__main__":
    main()
