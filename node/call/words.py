"""A node's words: its own speech written as lines of the chat, and the lines of others read aloud."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from node.call.spoken_lines import SpokenLines
from node.spoken.read_aloud import ReadAloud
from node.spoken.transcript import TappedSource, Transcript

if TYPE_CHECKING:
    from node.call.chat import Chat
    from node.call.observers import Observers
    from node.call.speech_models import SpeechModels
    from node.speech.audio_io import Source
    from node.speech.pcm import Pcm


class CallWords:
    """Wires the models of speech, those there are, between a node's source, its chat and its sink.

    out: source -> utterances -> lines of the chat; in: lines of the chat -> synthesiser -> mix of the receiver.
    A node that `speaks` has a source.
    """

    def __init__(
        self,
        models: SpeechModels,
        chat: Chat,
        observers: Observers,
        note: Callable[[str], None],
        clock: Callable[[], float],
        speaks: bool,
    ) -> None:
        self._transcript = self._aloud = None
        if models.transcribe is not None and speaks:
            self._transcript = Transcript(models.transcribe, chat.say_heard, note, clock, prepare=models.prepare)
        if models.synthesise is not None:
            self._aloud = ReadAloud(models.synthesise, note)
            observers.add(SpokenLines(self._aloud))

    @property
    def writes(self) -> bool:
        """Whether what is said here is written."""
        return self._transcript is not None

    def tapped(self, source: Source) -> Source:
        """Return the source so that what it captures is written, if anything is."""
        return source if self._transcript is None else TappedSource(source, self._transcript.hear)

    def pull(self, samples: int) -> Pcm | None:
        """Return the next samples of what is read aloud, int16 `(samples,)`; None while nothing is."""
        return None if self._aloud is None else self._aloud.pull(samples)

    def works(self) -> Mapping[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Return what runs beside the node, by name."""
        works: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        if self._transcript is not None:
            works["transcript"] = self._transcript.run
        if self._aloud is not None:
            works["lines aloud"] = self._aloud.run
        return works
