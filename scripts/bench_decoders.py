#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What a libopus that enhances wideband speech makes of it, at which rate, with loss, and what it takes.

    scripts/bench_decoders.py --libopus FILE [--speech DIR] [--seeds N]

Prints one JSON object: for each setting kbit/s on the wire, and by each decoder (the one that encodes; LACE; NoLACE)
ESTOI, PESQ wide and DistillMOS, means over the recordings, with no loss and with 10 % random loss; and what decoding
takes of a core while there is speech. The path is made up, all else is what a call has. Needs the extras `sweep` and
`mos`; what is missing is left out. Without `--speech` the shipped dialogue is taken.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from bench_high_band import Scores, heard, mean

from node.bench.speech import no_reference
from node.bench.speech.streams import frames_of, recordings_in
from node.speech import sound_files
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.opus_libraries import AUTO, LACE, NOLACE, PLAIN, DecoderLibrary, decoder_library
from node.speech.pcm import BLOCK_SAMPLES, Pcm, seconds_of
from node.speech.profiles import CLEAR, LEAN, NATURAL, Profile
from protocol.errors import LocalError

SETTINGS = (
    LEAN,
    NATURAL,
    replace(NATURAL, name="natural, frames of 20 ms", frame_ms=20, frames_per_packet=6),
    replace(NATURAL, name="10k", bitrate=10_000),
    CLEAR,
    replace(CLEAR, name="clear, frames of 20 ms", frame_ms=20, frames_per_packet=6),
)
COMPLEXITIES = {"plain": PLAIN, "LACE": LACE, "NoLACE": NOLACE}


def decoder(library: DecoderLibrary, complexity: int) -> OpusDecoder:
    """Return a decoder of the library, or, plain, of the one that encodes."""
    return OpusDecoder(library, complexity) if complexity else OpusDecoder()


def mos(aligned: Pcm) -> Scores:
    """Return DistillMOS, if it is installed."""
    try:
        return {"distillmos": no_reference.distillmos(aligned)}
    except ImportError:
        return {}


def measured(recordings: Sequence[Pcm], profile: Profile, library: DecoderLibrary, seeds: int) -> dict[str, Any]:
    """Return a setting's scores by each decoder, with and without loss."""
    return {
        f"{name}{suffix}": mean(
            heard(pcm, profile, seed, decoder(library, complexity), mos) for pcm in recordings for seed in patterns
        )
        for suffix, patterns in (("", (None,)), (", 10 % lost", range(seeds)))
        for name, complexity in COMPLEXITIES.items()
    }


def cpu(recordings: Sequence[Pcm], library: DecoderLibrary) -> Scores:
    """Return the share of a core, in percent, that decoding `natural` takes."""
    pcm = np.concatenate(recordings)
    encoder = OpusEncoder(NATURAL)
    frames = [encoder.encode(frame) for frame in frames_of(pcm, NATURAL.frame_samples)]
    taken = {}
    for name, complexity in COMPLEXITIES.items():
        one = decoder(library, complexity)
        began = time.process_time()
        for frame in frames:
            one.decode(frame)
        taken[name] = round((time.process_time() - began) / seconds_of(len(pcm)) * 100, 2)
    return taken


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--libopus", default=AUTO, metavar="FILE", help="the libopus that enhances; else the system's")
    parser.add_argument("--speech", type=Path, metavar="DIR", help="a folder of recordings")
    parser.add_argument("--seeds", type=int, default=2, help="patterns of loss for each recording")
    given = parser.parse_args()
    try:
        library, paths = decoder_library(given.libopus), recordings_in(given.speech)
    except LocalError as error:
        parser.error(str(error))
    if not library.enhances:
        parser.error(f"{library.version} ({library.path}) enhances nothing: give --libopus FILE")
    recordings = [np.concatenate(list(sound_files.blocks(path, BLOCK_SAMPLES))) for path in paths]
    found: dict[str, Any] = {"libopus": library.version, "cpu_percent": cpu(recordings, library)}
    found |= {one.name: measured(recordings, one, library, given.seeds) for one in SETTINGS}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
