"""The process that writes speech: `python -m node.spoken.transcribing_server MODEL [online]`.

A request is the sound of one utterance, int16 of 16 kHz; the reply is its text. See `node.spoken.serving`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from node.speech.pcm import FULL_SCALE
from node.spoken.serving import said, serve
from protocol.errors import NodeError

# Candidates that are followed. Measured on the clean recordings, five make one word in 150 less wrong than one does,
# and take a tenth longer.
BEAM = 5

# A text that packs so well repeats itself: the model went round in circles. Whisper's own limit.
REPEATS_ITSELF = 2.4

# Silence or noise, by what the model says of itself: both of Whisper's own limits.
NO_SPEECH, UNLIKELY = 0.6, -1.0

# Tokens of an utterance: twice what is said in 20 s. Without a limit noise may take half a minute.
MOST_TOKENS = 160


def load(model: str, online: bool) -> Callable[[bytes], str]:
    """Return what writes an utterance, by this model: a folder, or one of the hub's.

    Raises NodeError with what to do.
    """
    from faster_whisper import WhisperModel

    try:
        whisper = WhisperModel(
            model, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1, local_files_only=not online
        )
    except Exception as error:  # of its own, of CTranslate2's, of the hub's
        what_to_do = "check the hub id and the network" if online else "give a folder with a Whisper model"
        raise NodeError(f"{model!r} cannot be loaded, {what_to_do}: {said(error)}") from error

    def write(sound: bytes) -> str:
        return text_of(whisper, np.frombuffer(sound, np.int16).astype(np.float32) / FULL_SCALE)

    return write


def text_of(whisper: Any, sound: Any) -> str:
    """Return what was said, without what is likely to be no speech.

    One pass, and none of Whisper's further tries at higher temperatures: they take five times as long where there was
    little to be understood.
    """
    segments, _ = whisper.transcribe(
        sound,
        beam_size=BEAM,
        temperature=0.0,
        without_timestamps=True,
        condition_on_previous_text=False,
        max_new_tokens=MOST_TOKENS,
    )
    return " ".join(segment.text.strip() for segment in segments if _is_speech(segment))


def _is_speech(segment: Any) -> bool:
    is_silence = segment.no_speech_prob > NO_SPEECH and segment.avg_logprob < UNLIKELY
    return not is_silence and segment.compression_ratio <= REPEATS_ITSELF


if __name__ == "__main__":
    serve(lambda: load(sys.argv[1], "online" in sys.argv[2:]))
