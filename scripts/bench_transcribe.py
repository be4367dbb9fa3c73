#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Measure speech as text: word errors, time and memory of the model, and what a dialogue takes on the wire.

    scripts/bench_transcribe.py [FOLDER] [--model MODEL] [--texts-only]

The demo's dialogue is written, and the recordings of FOLDER (default: ../shared/data/speech) whose texts are known
below. Then two nodes hold the dialogue once more as lines through a broker of this machine, in real time, and the bytes
of their connections are counted from the IP header on. With `--texts-only` the lines are the dialogue's own texts, and
no model is needed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from node.call.build import preload
from node.call.endpoints import Endpoints, NodeModels, Rendezvous
from node.call.node import Node
from node.captions.coder import shipped_codecs
from node.captions.coding_process import CaptionProcess
from node.links import broker
from node.links.address import BrokerAddress
from node.speech import sound_files
from node.speech.audio_io import Captured
from node.speech.dialogue import PAUSE, Turn, shipped
from node.speech.pcm import FRAME_SAMPLES, Pcm, seconds_of, silence
from node.speech.profiles import TEXT
from node.spoken.installed import speech_model
from node.spoken.transcript import HeardLine
from node.spoken.utterances import UtteranceCutter
from protocol.errors import LocalError
from protocol.room_secret import SECRET_BYTES, RoomSecret

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "speech"

# The texts that the recordings were read from, as published: LJSpeech LJ001-0001, LibriSpeech test-other (from the
# books named), VCTK p287. No ear compared them with the recordings.
TEXTS = {
    "lj_F": "Printing, in the only sense with which we are at present concerned, differs from most if not from all the "
    "arts and crafts represented in the Exhibition",
    # North and South
    "ls1688_M": "I don't think, Mr. Hale, you have done quite right in introducing such a person to us without telling "
    "us what he had been",
    # Aids to Forensic Medicine and Toxicology
    "ls1998_F": "He should notice the position and temperature of the body, the condition of rigor mortis, marks of "
    "violence, appearance of lips and mouth",
    # Thus Spake Zarathustra
    "ls2414_M": "answered he, the same that thou seekest, thou mischief-maker, that is to say, happiness upon earth",
    # The Letters of Dorothy Osborne
    "ls3080_F": "'Tis a strange change, and I am very sorry for it, but I'll swear I know not how to help it",
    # Bohemian San Francisco
    "ls367_F": "One pound of lobster meat, one teaspoonful of butter, one half pint of cream, yolks of four eggs, one "
    "wine glass of sherry, lobster fat",
    "vctk287_M": "Six spoons of fresh snow peas, five thick slabs of blue cheese, and maybe a snack for her brother "
    "Bob",
}

# What is no error: other spellings of the same words.
SAME = {"mr": "mister", "color": "colour", "im": "i am", "6": "six", "5": "five", "10": "ten", "goodbye": "good bye"}

# Seconds: for the nodes to meet, and for the last acknowledgements.
SETTLE_S, LINGER_S = 6.0, 14.0

# Between the end of what is said and its words: the pause that ends it, and the model.
KNOWN_AFTER_S = 1.5


@dataclass
class Score:
    """Word errors of a text against what was said."""

    errors: int
    words: int

    def __str__(self) -> str:
        return f"{100 * self.errors / max(1, self.words):5.1f} % of {self.words:3} words"


def words_of(text: str) -> list[str]:
    """Return the words as they are compared: lower case, without marks."""
    plain = re.sub(r"[^a-z0-9 ]", "", text.lower().replace("-", " "))
    return " ".join(SAME.get(word, word) for word in plain.split()).split()


def word_errors(said: str, written: str) -> Score:
    """Count the words that have to be replaced, left out or added (Levenshtein's distance)."""
    truth, text = words_of(said), words_of(written)
    row = list(range(len(text) + 1))
    for number, word in enumerate(truth, 1):
        before, row = row, [number]
        for place, other in enumerate(text, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (word != other)))
    return Score(row[-1], len(truth))


def utterances(sound: Pcm) -> Iterator[Pcm]:
    """Cut a sound as a call cuts what it captures."""
    cutter, at = UtteranceCutter(), 0.0
    for begin in range(0, len(sound), FRAME_SAMPLES):
        for one in cutter.put(Captured(sound[begin : begin + FRAME_SAMPLES], at)):
            yield one.pcm
        at += seconds_of(FRAME_SAMPLES)
    for one in cutter.end():
        yield one.pcm


class Bench:
    """A model, and the time that it took of the processor."""

    def __init__(self, named: str | None) -> None:
        from node.spoken.transcribing_server import load

        before = _rss_mb()
        model = speech_model(named)
        began = time.process_time()
        self._write: Callable[[bytes], str] = load(model.place, model.online)
        self.load_s, self.sound_s, self.cpu_s = time.process_time() - began, 0.0, 0.0
        self.lines = 0
        self._before_mb = before

    def write(self, path: Path) -> str:
        """Return what a file says, cut and written as in a call."""
        sound = np.concatenate([*sound_files.blocks(path, FRAME_SAMPLES), silence(16_000)])
        texts = []
        for pcm in utterances(sound):
            began = time.process_time()
            texts.append(self._write(pcm.tobytes()))
            self.cpu_s += time.process_time() - began
            self.sound_s += seconds_of(len(pcm))
            self.lines += 1
        return " ".join(texts)

    def report(self) -> Iterator[str]:
        yield f"model      {self.load_s:.1f} s of a core to load; {_rss_mb() - self._before_mb:.0f} MB more, at most"
        yield (
            f"time       {self.cpu_s / self.sound_s:.2f} s of a core for a second of speech, "
            f"{self.cpu_s / self.lines:.2f} s for an utterance of {self.sound_s / self.lines:.1f} s"
        )


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def scores(bench: Bench, folder: Path) -> Iterator[str]:
    """Yield a line for each recording, for all clean ones, and for the noisy one."""
    clean = Score(0, 0)
    for name, said in TEXTS.items():
        if not (path := folder / f"{name}.wav").is_file():
            continue
        score = word_errors(said, text := bench.write(path))
        clean = Score(clean.errors + score.errors, clean.words + score.words)
        yield f"{name:10} {score}: {text}"
    if clean.words:
        yield f"{'clean':10} {clean}"
    noisy = folder / "vctk287noisy_M.wav"
    if noisy.is_file():
        yield f"{'noisy':10} {word_errors(TEXTS['vctk287_M'], text := bench.write(noisy))}: {text}"


def dialogue(bench: Bench | None) -> tuple[list[str], Score]:
    """Return what each turn of the dialogue becomes, and the word errors of it all."""
    if bench is None:
        return [turn.text for turn in shipped()], Score(0, 1)
    texts = [bench.write(turn.path) for turn in shipped()]
    each = [word_errors(turn.text, text) for turn, text in zip(shipped(), texts, strict=True)]
    return texts, Score(sum(one.errors for one in each), sum(one.words for one in each))


# -- on the wire


class Speaker:
    """A node that says its turns as lines, when their words would be known."""

    def __init__(self, voice: str, node: Node, lines: list[tuple[float, Turn, str]]) -> None:
        self.name, self.node, self._lines = voice, node, lines

    async def run(self) -> None:
        began = time.monotonic()
        for at, turn, text in self._lines:
            await asyncio.sleep(began + at + turn.seconds + KNOWN_AFTER_S - time.monotonic())
            await self.node.chat.say_heard(HeardLine(text, began + at, turn.seconds))

    def total(self) -> tuple[int, int]:
        """Return the bytes sent and received so far."""
        meter = self.node.count().meter
        return meter.total("sent"), meter.total("received")


async def hold_dialogue(texts: list[str]) -> list[str]:
    """Hold the dialogue once as lines, and return lines about what it took."""
    turns, at = [], 0.0
    for turn, text in zip(shipped(), texts, strict=True):
        turns.append((at, turn, text))
        at += turn.seconds + PAUSE
    async with CaptionProcess(shipped_codecs()) as captions, broker.serve("127.0.0.1", 0) as port:
        preload(captions.codecs)
        place = Rendezvous(RoomSecret.random(secrets.token_bytes(SECRET_BYTES)), BrokerAddress("127.0.0.1", port))
        ends = Endpoints(TEXT, NodeModels(None, ""), captions)  # type: ignore[arg-type]
        speakers = [
            Speaker(voice, Node(voice, place, ends), [one for one in turns if one[1].voice == voice])
            for voice in ("a", "b")
        ]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one.node.run()) for one in speakers]
            await asyncio.sleep(SETTLE_S)
            before = [one.total() for one in speakers]
            await asyncio.gather(*(one.run() for one in speakers))
            await asyncio.sleep(LINGER_S)
            after = [one.total() for one in speakers]
            for task in running:
                task.cancel()
    return list(_rates(speakers, before, after, at))


def _rates(
    speakers: list[Speaker], before: list[tuple[int, int]], after: list[tuple[int, int]], seconds: float
) -> Iterator[str]:
    spoken_s = sum(turn.seconds for turn in shipped())
    letters = sum(len(turn.text) for turn in shipped())
    yield f"dialogue   {seconds:.0f} s, {spoken_s:.0f} s of them speech: {len(shipped())} lines of {letters} letters"
    for speaker, (sent0, received0), (sent, received) in zip(speakers, before, after, strict=True):
        up, down = (sent - sent0) * 8, (received - received0) * 8
        yield (
            f"node {speaker.name}     {up / spoken_s:.0f} bit/s up and {down / spoken_s:.0f} down, over a second of "
            f"speech of either voice: its lines and acknowledgements, and all of MQTT, TCP and IP"
        )


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--model")
    parser.add_argument("--texts-only", action="store_true")
    given = parser.parse_args()
    try:
        bench = None if given.texts_only else Bench(given.model)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    if bench is not None:
        for line in scores(bench, given.folder):
            print(line, flush=True)
    texts, score = dialogue(bench)
    if bench is not None:
        print(f"{'dialogue':10} {score}", *bench.report(), sep="\n", flush=True)
    for line in asyncio.run(hold_dialogue(texts)):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
