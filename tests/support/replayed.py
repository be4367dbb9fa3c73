"""What a recording sounds like when it is decoded again, beside what was heard in the call."""

from __future__ import annotations

import numpy as np

from node.recording.reader import SessionReader
from node.replay.decoder import SessionDecoder
from node.speech.pcm import FRAME_SAMPLES, Pcm, level_dbfs, silence
from node.speech.send_stream import VOICED_DBFS

FOUND_WITHIN = 8_000  # samples, half a second: replay and call begin at different moments
KEY = 32  # samples by which a frame is found before all of it is compared


def heard_again(session: SessionReader, sender: str) -> Pcm:
    """What is heard of the sender when the session is decoded."""
    decoder, pieces = SessionDecoder(session, voices={sender}), list[Pcm]()
    while not decoder.ended:
        pieces.append(next(iter(decoder.step().values()), silence(320)))
    return np.concatenate(pieces)


def alike(live: Pcm, again: Pcm) -> tuple[int, int]:
    """How many loud frames were heard live, and how many of them come again, sample by sample."""
    frames = [at for at in range(0, len(live) - FRAME_SAMPLES, FRAME_SAMPLES) if is_loud(live[at : at + FRAME_SAMPLES])]
    return len(frames), sum(is_in(live[at : at + FRAME_SAMPLES], again, at) for at in frames)


def is_loud(pcm: Pcm) -> bool:
    return level_dbfs(pcm) > VOICED_DBFS


def is_in(frame: Pcm, sound: Pcm, near: int) -> bool:
    """Whether exactly these samples come somewhere near there."""
    begin = max(0, near - FOUND_WITHIN)
    window = sound[begin : near + FOUND_WITHIN + len(frame)]
    keys = np.lib.stride_tricks.sliding_window_view(window, KEY)
    places = np.flatnonzero((keys == frame[:KEY]).all(axis=1))
    return any(np.array_equal(window[at : at + len(frame)], frame) for at in places)
