"""The short dialogue that the project ships, for calls without people: two voices taking turns."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from node.speech import sound_files
from node.speech.pcm import FRAME_SAMPLES, Clock, Pcm, samples_of, silence
from node.speech.sources import AtEnd, PacedSource
from protocol.errors import NodeError

# Seconds of silence after each turn, as in an unhurried conversation.
PAUSE = 0.3


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a voice before the other answers: a sound file, its words, and its length."""

    voice: str
    path: Path
    text: str
    seconds: float


def shipped() -> tuple[Turn, ...]:
    """Return the turns of the shipped dialogue, in order; the voices are `a` and `b`."""
    return read(Path(str(files("node"))) / "media" / "dialogue")


def read(folder: Path) -> tuple[Turn, ...]:
    """Return the turns that `folder/dialogue.json` lists. Raises NodeError if it cannot be read."""
    index = folder / "dialogue.json"
    try:
        listed = json.loads(index.read_text("utf-8"))["turns"]
        return tuple(Turn(t["voice"], folder / t["file"], t["text"], float(t["seconds"])) for t in listed)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NodeError(f"cannot read the dialogue {index}: {error}") from None


def voice_source(
    voice: str, turns: tuple[Turn, ...] | None = None, frame: int = FRAME_SAMPLES, clock: Clock | None = None
) -> PacedSource:
    """Return a source of one voice's turns, with silence during those of the others, in a loop.

    Sources of one dialogue that start together stay together: in each, a turn lasts the same number of frames.
    """
    spoken = shipped() if turns is None else turns
    return PacedSource(lambda: part(voice, spoken, frame), AtEnd.LOOP, frame, clock)


def part(voice: str, turns: tuple[Turn, ...], frame: int) -> Iterator[Pcm]:
    """Yield one voice's turns, once, in frames of so many samples, with silence during those of the others."""
    for turn in turns:
        length = -(-samples_of(turn.seconds + PAUSE) // frame)
        speech = sound_files.blocks(turn.path, frame) if turn.voice == voice else iter(())
        yield from itertools.islice(itertools.chain(speech, itertools.repeat(silence(frame))), length)
