#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""How fast sessions are exported: a made-up duplex session of ten minutes to each format, as JSON.

    scripts/bench_export.py                       # all formats, nothing painted
    scripts/bench_export.py --to mp4 --minutes 2

Both speak by turns for two thirds of the time, in `lean`; the pictures change every ten seconds. `share` is the time
that it took as a share of the session's.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from node.captions.coder import shipped_codecs
from node.export.export import export_session
from node.export.export_options import ExportOptions
from node.recording.writer import SessionWriter
from node.speech import sound_files
from node.speech.dialogue import shipped
from node.speech.libopus import OpusEncoder
from node.speech.pcm import SAMPLE_RATE, Pcm
from node.speech.profiles import LEAN
from protocol import frames
from protocol.log import Frame, Header, Joined, Record, Speech
from protocol.speech import opus_packet

CODECS = shipped_codecs()

FORMATS = ("mp4", "webm", "opus", "html", "srt", "jsonl")
PACKET_S = 0.12
PICTURE_EVERY_S = 10
TURN_S = 6.0
WORDS = ("a woman with long black hair is smiling in an office", "a man with red hair is waving in a living room")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--to", choices=FORMATS, action="append")
    asked = parser.parse_args()
    seconds = asked.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "session.mcap"
        write(file, seconds)
        rows = {name: measure(file, Path(folder) / f"out.{name}", seconds) for name in asked.to or FORMATS}
        result = {"session_s": seconds, "session_bytes": file.stat().st_size, "exports": rows}
    json.dump(result, sys.stdout, indent=2)
    print()


def measure(file: Path, output: Path, seconds: float) -> dict[str, float]:
    began = time.monotonic()
    asyncio.run(
        export_session(
            file, CODECS, ExportOptions(output, pictures=False), None, lambda text: print(text, file=sys.stderr)
        )
    )
    took = time.monotonic() - began
    return {"took_s": round(took, 1), "share": round(took / seconds, 3), "bytes": output.stat().st_size}


def write(path: Path, seconds: float) -> None:
    records: list[Record] = [Joined(0, "b", "Ben", 15)]
    for number, sender in enumerate(("me", "b")):
        records += speech(sender, number, seconds)
        records += pictures(sender, number, seconds)
    records.sort(key=lambda record: record.at_us)
    with path.open("wb") as stream:
        writer = SessionWriter(stream, Header(node="me", name="Ann", started_ns=time.time_ns()))
        writer.write_all(records)
        writer.finish(round(seconds * 1e6))


def speech(sender: str, number: int, seconds: float) -> Iterator[Record]:
    """Packets of two frames while it is this one's turn."""
    voice = itertools.cycle(packets(sound()))
    sequence = 0
    for index in range(int(seconds / PACKET_S)):
        at = index * PACKET_S
        if (at // TURN_S) % 3 in (number, 2):
            yield Speech(round((at + PACKET_S) * 1e6), sender, sequence & 0xFFFF, index * 5760, next(voice))
            sequence += 1


def sound() -> Pcm:
    return np.concatenate([block for turn in shipped() for block in sound_files.blocks(turn.path, SAMPLE_RATE)])


def packets(pcm: Pcm) -> list[bytes]:
    encoder, samples = OpusEncoder(LEAN), LEAN.frame_samples
    coded = [encoder.encode(pcm[at : at + samples]) for at in range(0, len(pcm) - samples + 1, samples)]
    return [opus_packet.join(pair) for pair in zip(coded[::2], coded[1::2], strict=False)]


def pictures(sender: str, number: int, seconds: float) -> Iterator[Record]:
    for index in range(int(seconds / PICTURE_EVERY_S)):
        at, words = index * PICTURE_EVERY_S + number, f"{WORDS[number]} {'by night' if index % 2 else ''}".strip()
        coded = CODECS.encode(words, CODECS.newest())
        frame = frames.Picture(index + 1, round(at * 1000), coded.codec, coded.data, seed=5)
        yield Frame(round(at * 1e6), sender, frames.encode(frame), words)


if __name__ == "__main__":
    main()
