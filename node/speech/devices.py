"""Sources and sinks by the names that a user gives, and the audio processing between them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from node.speech.audio_io import Sink, Source
from node.speech.audio_processing import NOT_INSTALLED, AudioProcessing, CleanSource, EchoingSink, installed
from node.speech.loudspeaker import Loudspeaker
from node.speech.microphone import Microphone
from node.speech.pcm import FRAME_SAMPLES, Clock
from node.speech.playback_buffer import DEVICE_BLOCKS
from node.speech.sinks import NullSink, WavSink
from node.speech.sources import AtEnd, file_source, silent_source
from protocol.errors import NodeError

logger = logging.getLogger(__name__)


def open_source(
    spec: str | None,
    at_end: AtEnd = AtEnd.STOP,
    frame: int = FRAME_SAMPLES,
    clock: Clock | None = None,
    note: Callable[[str], None] = logger.info,
) -> tuple[Source, str]:
    """Return the source that `spec` names, and a line to show the user (or an empty one).

    `mic` is the default microphone, `none` silence, anything else a file. None takes the microphone if there is one,
    and else silence, of which the line then informs. `note` takes a line when a microphone is lost or found, or a file
    cannot be read on. Raises NodeError if the source that was asked for cannot be had.
    """
    match spec:
        case None:
            try:
                return Microphone(frame, clock, note), ""
            except NodeError as error:
                return silent_source(frame, clock), f"nothing will be said: {error}"
        case "mic":
            return Microphone(frame, clock, note), ""
        case "none":
            return silent_source(frame, clock), ""
        case _:
            return file_source(Path(spec), at_end, frame, clock, note), ""


def open_sink(
    spec: str | None,
    clock: Clock | None = None,
    note: Callable[[str], None] = logger.info,
    blocks: int = DEVICE_BLOCKS,
) -> tuple[Sink, str]:
    """Return the sink that `spec` names, and a line to show the user (or an empty one).

    `default` is the default loudspeaker, `none` plays nothing, anything else is a WAV file to write. None takes the
    loudspeaker if there is one, and else plays nothing, of which the line then informs. `note` takes a line when a
    loudspeaker is lost or found, or the file cannot be written on; `blocks` of 20 ms is the depth at which the
    device's buffer begins. Raises NodeError if the sink that was asked for cannot be had.
    """
    match spec:
        case None:
            try:
                return Loudspeaker(clock, note, blocks), ""
            except NodeError as error:
                return NullSink(clock, blocks), f"nothing will be heard: {error}"
        case "default":
            return Loudspeaker(clock, note, blocks), ""
        case "none":
            return NullSink(clock, blocks), ""
        case _:
            return WavSink(_wav_path(spec), clock, blocks, note), ""


def processed(source: Source | None, sink: Sink | None) -> tuple[Source | None, Sink | None, str]:
    """Return both ends with the audio processing between them, and a line to show the user (or an empty one).

    Only a microphone is processed; its echo is cancelled if the sink is a loudspeaker.
    """
    if not isinstance(source, Microphone):
        return source, sink, ""
    if not installed():
        return source, sink, NOT_INSTALLED
    if not isinstance(sink, Loudspeaker):
        return CleanSource(source, AudioProcessing(cancels_echo=False)), sink, ""
    processing = AudioProcessing(cancels_echo=True)
    return CleanSource(source, processing, sink), EchoingSink(sink, processing), ""


def _wav_path(spec: str) -> Path:
    path = Path(spec)
    if path.suffix.lower() != ".wav":
        raise NodeError(f"a loudspeaker is 'default', 'none' or a file that ends in .wav, not {spec!r}")
    return path
