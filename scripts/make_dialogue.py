#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the dialogue that the demo plays: two voices of the free synthesiser flite, as small Ogg Opus files.

    .venv/bin/python scripts/make_dialogue.py [FOLDER]      (default: node/media/dialogue)

Needs the command `flite` (Debian and Ubuntu: apt-get install flite). The result is in the repository; this
script is how it was made.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from node.speech import sound_files
from node.speech.pcm import BLOCK_SAMPLES, FULL_SCALE, SAMPLE_RATE, Pcm, level_dbfs, samples_of, seconds_of

FOLDER = Path(__file__).parents[1] / "node" / "media" / "dialogue"

VOICES = {"a": "slt", "b": "rms"}
"""flite's two CMU ARCTIC voices that are easiest to follow: a woman's and a man's."""

TURNS = (
    ("a", "Hello! Can you hear me? I am calling over a very thin line today."),
    ("b", "Loud and clear. And I can see you already, in colour."),
    ("a", "My camera sent you only a few bytes: a sentence, squeezed very small."),
    ("b", "And a little model over here read the sentence, and painted the picture again."),
    ("a", "Wait, I will move a bit. Did your picture change?"),
    ("b", "It did. The words are different, so a new picture was painted."),
    ("a", "And as long as nothing changes, nothing is sent at all."),
    ("b", "Which leaves the line to our voices. That is all they need."),
    ("a", "A photograph would have taken minutes. A sentence takes a moment."),
    ("b", "They say a picture is worth a thousand words. This one cost ten."),
    ("a", "I like that. Shall we talk again tomorrow?"),
    ("b", "With pleasure. Same room, same time. Goodbye!"),
)

LEVEL_DBFS = -20.0
"""The usual level of recorded speech; peaks stay well below full scale."""

MAX_PEAK = 0.9
QUIET_DBFS = -50.0
MARGIN = samples_of(0.06)
"""Sound kept before and after the words when silence is cut off."""

BITRATE = 24_000
"""Opus wideband speech at this rate is hard to tell from the original, and a turn is about 12 kB."""


def main() -> int:
    """Write the files and their index; return the exit code."""
    if shutil.which("flite") is None:
        print("flite is missing; install it first (Debian and Ubuntu: apt-get install flite)", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    turns = [make_turn(folder, number, voice, text) for number, (voice, text) in enumerate(TURNS, start=1)]
    index = {"voices": {name: f"flite {voice}" for name, voice in VOICES.items()}, "turns": turns}
    (folder / "dialogue.json").write_text(json.dumps(index, indent=2) + "\n", "utf-8")
    return 0


def make_turn(folder: Path, number: int, voice: str, text: str) -> dict[str, object]:
    """Write one turn's sound file and return its entry in the index."""
    speech = normalised(trimmed(spoken(VOICES[voice], text)))
    path = folder / f"{number:02}-{voice}.opus"
    write_opus(path, speech)
    print(f"{path.name}  {seconds_of(len(speech)):4.1f} s  {path.stat().st_size:6,} bytes  {text}")
    return {"voice": voice, "file": path.name, "seconds": round(seconds_of(len(speech)), 2), "text": text}


def spoken(voice: str, text: str) -> Pcm:
    """Return the text said by one of flite's voices."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turn.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
        return np.concatenate(list(sound_files.blocks(path, BLOCK_SAMPLES)))


def trimmed(speech: Pcm) -> Pcm:
    """Return the speech without the silence before and after it."""
    loud = [
        start
        for start in range(0, len(speech), BLOCK_SAMPLES)
        if level_dbfs(speech[start : start + BLOCK_SAMPLES]) > QUIET_DBFS
    ]
    return speech[max(0, loud[0] - MARGIN) : loud[-1] + BLOCK_SAMPLES + MARGIN]


def normalised(speech: Pcm) -> Pcm:
    """Return the speech at `LEVEL_DBFS`, or as near as its peaks allow."""
    wanted = 10 ** ((LEVEL_DBFS - level_dbfs(speech)) / 20)
    most = MAX_PEAK * FULL_SCALE / int(np.abs(speech.astype(np.int32)).max())
    louder: Pcm = np.rint(speech * min(wanted, most)).astype(np.int16)
    return louder


def write_opus(path: Path, speech: Pcm) -> None:
    """Write an Ogg Opus file, mono."""
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, options={"application": "voip"})
        stream.layout = "mono"
        stream.bit_rate = BITRATE
        frame = av.AudioFrame.from_ndarray(speech.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        resampler = av.AudioResampler(
            format=stream.format,
            layout="mono",
            rate=SAMPLE_RATE,
            frame_size=stream.codec_context.frame_size or 320,
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    sys.exit(main())
