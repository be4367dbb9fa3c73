"""Cuts speech as it is captured into utterances: from a voice to a pause, each short enough for one line of text."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from node.speech.audio_io import Captured
from node.speech.pcm import BLOCK_SAMPLES, Pcm, seconds_of, silence
from node.speech.voice_activity import VoiceDetector

# A sentence's own pauses are shorter. Longer, and words come later; shorter, and lines are cut amid a sentence, which
# costs words and bytes.
PAUSE_S = 0.7

# From so long on a shorter pause ends an utterance: who listens by reading waits no longer, and the line is full.
LONG_S, SHORT_PAUSE_S = 10.0, 0.3

# Without any pause it is cut here. A model hears 30 s at once at most.
LONGEST_S = 20.0

# Kept before the first voice, since words begin softly, and after the last.
BEFORE_S, AFTER_S = 0.3, 0.3

# Less of a voice than this is a cough or a click; "yes" has twice as much.
LEAST_VOICE_S = 0.16

_BLOCK_S = seconds_of(BLOCK_SAMPLES)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A piece of speech, int16 `(samples,)` of 16 kHz; `began` is when its first sample was captured, in seconds."""

    pcm: Pcm
    began: float

    @property
    def seconds(self) -> float:
        """The length."""
        return seconds_of(len(self.pcm))


class UtteranceCutter:
    """Cuts sound, put in frame by frame, into utterances. `detects` says whether 20 ms of it have a voice in them."""

    def __init__(self, detects: Callable[[Pcm], bool] | None = None) -> None:
        self._detects = detects or VoiceDetector().detects
        self._rest = silence(0)
        self._before: deque[Pcm] = deque(maxlen=round(BEFORE_S / _BLOCK_S))
        self._begin_anew()

    def put(self, captured: Captured) -> Iterator[Utterance]:
        """Take a frame; yield the utterances that end in it. A gap in the sound ends one."""
        if captured.skipped:
            yield from self.end()
            self._rest = silence(0)
            self._before.clear()
        at = captured.at - seconds_of(len(self._rest))
        sound = np.concatenate([self._rest, captured.pcm])
        whole = len(sound) - len(sound) % BLOCK_SAMPLES
        self._rest = sound[whole:]
        for begin in range(0, whole, BLOCK_SAMPLES):
            yield from self._take(sound[begin : begin + BLOCK_SAMPLES], at + seconds_of(begin))

    def end(self) -> Iterator[Utterance]:
        """Yield what was begun and has not ended yet."""
        blocks, voiced, quiet, began = self._blocks, self._voiced, self._quiet, self._began
        self._begin_anew()
        if voiced * _BLOCK_S >= LEAST_VOICE_S:
            kept = len(blocks) - max(0, quiet - round(AFTER_S / _BLOCK_S))
            yield Utterance(np.concatenate(blocks[:kept]), began)

    def _begin_anew(self) -> None:
        self._blocks: list[Pcm] = []
        self._began, self._voiced, self._quiet = 0.0, 0, 0

    def _take(self, block: Pcm, at: float) -> Iterator[Utterance]:
        has_voice = self._detects(block)
        if not self._blocks and not has_voice:
            self._before.append(block)
            return
        if not self._blocks:
            self._blocks, self._began = list(self._before), at - len(self._before) * _BLOCK_S
            self._before.clear()
        self._blocks.append(block)
        self._voiced += has_voice
        self._quiet = 0 if has_voice else self._quiet + 1
        if self._is_over():
            yield from self.end()

    def _is_over(self) -> bool:
        seconds, quiet_s = len(self._blocks) * _BLOCK_S, self._quiet * _BLOCK_S
        return quiet_s >= (PAUSE_S if seconds < LONG_S else SHORT_PAUSE_S) or seconds >= LONGEST_S
