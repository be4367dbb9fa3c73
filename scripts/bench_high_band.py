#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What the high band does for speech, and to what is no speech; what it costs, and how it bears loss.

    scripts/bench_high_band.py [--speech DIR] [--seeds N]

Prints one JSON object: ESTOI, PESQ wide and kbit/s of speech on the wire with the band and without, means over the
recordings; `tough` with 10 % random loss; noise, tones and music, each with and without; CPU. The path is made up, all
else is what a call has. Needs the extra `sweep`. Without `--speech` the shipped dialogue is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from node.bench.call_simulation import CallSimulation, SimulatedPath, encoded_packets, exact_losses, sent_kbps
from node.bench.speech.streams import recordings_in
from node.speech import sound_files
from node.speech.band_extension import HighBandFiller, HighBandMeter
from node.speech.libopus import OpusDecoder
from node.speech.pcm import BLOCK_SAMPLES, FRAME_SAMPLES, SAMPLE_RATE, Pcm, seconds_of
from node.speech.profiles import LEAN, LOWEST, QUICK, TOUGH, Profile
from protocol.errors import LocalError
from wirebench import scores

SECONDS = 8
# Speech before what is measured: the jitter buffer has settled by then.
LEAD_S = 3.0
LOSS = 0.1
TAIL_S = 1.0

# None where a measure finds no speech to judge.
Scores = dict[str, float | None]


def lead(pcm: Pcm) -> Pcm:
    """Return speech of a few seconds, in whole packets."""
    return np.resize(pcm, int(LEAD_S * SAMPLE_RATE) // (2 * FRAME_SAMPLES) * 2 * FRAME_SAMPLES)


def no_more(aligned: Pcm) -> Scores:
    """Return no further scores."""
    return {}


def heard(
    pcm: Pcm,
    profile: Profile,
    seed: int | None = None,
    decoder: OpusDecoder | None = None,
    judge: Callable[[Pcm], Scores] = no_more,
) -> Scores:
    """Return how a recording is heard, what it takes on the wire, and what else `judge` makes of the sound.

    With a `seed`, 10 % of the packets are lost.
    """
    before = lead(pcm)
    packets = asyncio.run(encoded_packets(np.concatenate([before, pcm]), profile, profile.redundancy))
    path = SimulatedPath() if seed is None else SimulatedPath(losses(profile, seed))
    call = CallSimulation(packets, path, decoder or OpusDecoder())
    sound = call.decode(seconds_of(len(before) + len(pcm)) + TAIL_S)
    aligned = scores.aligned(pcm, sound[len(before) :])
    measured = [packet for packet in packets if packet.timestamp >= len(before) * 3]
    kbps = sent_kbps(measured, sum(packet.duration_ms for packet in measured) / 1000)
    return {
        "estoi": scores.estoi(pcm, aligned),
        "pesq_wb": scores.pesq_wb(pcm, aligned),
        "wire_kbps": kbps,
        **judge(aligned),
    }


def losses(profile: Profile, seed: int) -> Callable[[int], bool]:
    """Return which packets are lost."""
    return exact_losses(LOSS, 1, int((LEAD_S + 30) / profile.packet_ms * 1000), seed)


def mean(all_scores: Iterable[Scores]) -> Scores:
    """Return the means."""
    found = list(all_scores)
    return {name: mean_of([one[name] for one in found]) for name in found[0]}


def mean_of(values: Sequence[float | None]) -> float | None:
    """Return the mean, if all are known."""
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 3) if len(known) == len(values) else None


def both(sounds: Sequence[Pcm], profile: Profile) -> dict[str, Scores]:
    """Return the mean scores of a profile with the band and without."""
    narrow = replace(profile, high_band=False)
    return {
        "with": mean(heard(pcm, profile) for pcm in sounds),
        "without": mean(heard(pcm, narrow) for pcm in sounds),
    }


def lossy(recordings: Sequence[Pcm], seeds: int) -> Scores:
    """Return the mean scores of `tough` with 10 % random loss."""
    return mean(heard(pcm, TOUGH, seed) for pcm in recordings for seed in range(seeds))


def tones() -> dict[str, Pcm]:
    """Return what is no speech."""
    at = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    draw = np.random.default_rng(3)
    white = draw.standard_normal(len(at))
    pink = np.fft.irfft(np.fft.rfft(white) / np.sqrt(np.maximum(np.arange(len(at) // 2 + 1), 1)), len(at))
    beeps = (np.floor(at * 4) % 2) * sum(np.sin(2 * np.pi * hertz * at) for hertz in (697, 1209))
    sounds = {
        "white noise": white,
        "pink noise": pink,
        "tone of 440 Hz": np.sin(2 * np.pi * 440 * at),
        "tones of 700 and 5000 Hz": np.sin(2 * np.pi * 700 * at) + np.sin(2 * np.pi * 5000 * at),
        "telephone keys": beeps,
        "flute": melody(draw, (1, 0.3, 0.15, 0.05), 1500, 0.5, 9.0),
        "strings": melody(draw, [1 / n**1.1 for n in range(1, 30)], 220, 0.25, 3.0),
        "plucked": melody(draw, [1 / n**1.1 for n in range(1, 30)], 220, 0.25, 0.3),
    }
    return {name: levelled(sound) for name, sound in sounds.items()}


def melody(draw: np.random.Generator, harmonics: Sequence[float], hertz: float, every_s: float, decay_s: float) -> Any:
    """Return notes of a scale, one after the other, two at a time."""
    samples = round(every_s * SAMPLE_RATE)
    at = np.arange(samples) / SAMPLE_RATE
    notes = []
    for _ in range(round(SECONDS / every_s)):
        pitches = hertz * 2 ** (draw.choice([0, 2, 4, 7, 9, 12], 2) / 12)
        parts = [
            strength * np.sin(2 * np.pi * pitch * number * at + 6 * draw.random())
            for pitch in pitches
            for number, strength in enumerate(harmonics, 1)
            if pitch * number < 7800
        ]
        notes.append(sum(parts) * np.minimum(at / 0.02, 1) * np.exp(-at / decay_s))
    return np.concatenate(notes)


def levelled(sound: Any) -> Pcm:
    """Return sound at -23 dBFS."""
    scaled = sound * 10 ** (-23 / 20) * 32768 / np.sqrt(np.mean(np.square(sound)))
    return np.asarray(np.clip(np.rint(scaled), -32768, 32767), np.int16)


def cpu(recordings: Sequence[Pcm]) -> dict[str, float]:
    """Return the share of one core, in percent, that measuring and filling take while there is speech."""
    pcm = np.concatenate(recordings)
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    meter, filler = HighBandMeter(), HighBandFiller()
    gains = [meter.levels(frame) for frame in frames]
    filler.fill(frames[0], gains[0])
    seconds = len(frames) * FRAME_SAMPLES / SAMPLE_RATE
    return {
        "measuring": taken(lambda: [meter.levels(frame) for frame in frames], seconds),
        "filling": taken(lambda: [filler.fill(*both) for both in zip(frames, gains, strict=True)], seconds),
    }


def taken(work: Callable[[], object], seconds: float) -> float:
    """Return the CPU time of work on so many seconds of sound, in percent."""
    began = time.process_time()
    work()
    return round((time.process_time() - began) / seconds * 100, 2)


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, metavar="DIR", help="a folder of recordings")
    parser.add_argument("--seeds", type=int, default=4, help="patterns of loss for each recording")
    given = parser.parse_args()
    try:
        paths = recordings_in(given.speech)
    except LocalError as error:
        parser.error(str(error))
    recordings = [np.concatenate(list(sound_files.blocks(path, BLOCK_SAMPLES))) for path in paths]
    found: dict[str, Any] = {one.name: both(recordings, one) for one in (LEAN, LOWEST, QUICK, TOUGH)}
    found["tough, 10 % lost"] = lossy(recordings, given.seeds)
    found |= {path.stem: both([pcm], LEAN) for path, pcm in zip(paths, recordings, strict=True)}
    found |= {name: both([sound], LEAN) for name, sound in tones().items()}
    found["cpu_percent"] = cpu(recordings)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
