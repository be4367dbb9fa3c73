"""The models of a call's speech, in processes of their own: what writes one's own, and what reads lines aloud."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from node.speech.profiles import TEXT
from node.spoken.installed import speech_model, synthesiser
from node.spoken.model_child import ModelChild

if TYPE_CHECKING:
    from node.common.config import Settings
    from node.speech.pcm import Pcm
    from node.spoken.read_aloud import Synthesise
    from node.spoken.transcript import Transcribe

# As the setting of speech.
NOTHING_SAID = "none"

TRANSCRIBING = "node.spoken.transcribing_server"
SPEAKING = "node.spoken.speaking_server"


class Part(Protocol):
    """Which part a node has in a call (see `node.call.build.Role`)."""

    @property
    def sends(self) -> bool: ...

    @property
    def receives(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class SpeechModels:
    """What writes speech, and what speaks lines; None where the settings ask for neither.

    `prepare` waits until what writes is loaded, and raises NodeError if it cannot be used.
    """

    transcribe: Transcribe | None = None
    synthesise: Synthesise | None = None
    prepare: Callable[[], Awaitable[None]] | None = None


NO_MODELS = SpeechModels()


def writes(settings: Settings) -> bool:
    """Return whether the settings ask for speech to be written: by themselves, or since text is all that is sent.

    Who says nothing has nothing to be written, and may send typed lines alone.
    """
    return (settings.transcribe or settings.profile == TEXT.name) and settings.speech != NOTHING_SAID


@contextlib.asynccontextmanager
async def running(settings: Settings, role: Part, note: Callable[[str], None]) -> AsyncIterator[SpeechModels]:
    """Have the models that the settings ask for, for as long as the context lasts; each begins to load at once.

    A node that does not send writes nothing, and one that does not receive speaks nothing. Raises NodeError if one
    cannot be used.
    """
    async with contextlib.AsyncExitStack() as stack:
        transcribe = synthesise = prepare = None
        if role.sends and writes(settings):
            model = speech_model(settings.transcribe_model)
            note(f"what you say is written by {model.name}, and goes to the others as text")
            arguments = [model.place, *(["online"] if model.online else [])]
            child = ModelChild("the transcript's model", TRANSCRIBING, arguments, online=model.online)
            transcribe, prepare = _transcribe(await stack.enter_async_context(child)), child.prepare
        elif role.sends and settings.transcribe:
            note(f"nothing is said (--speech {NOTHING_SAID}), so that nothing is written")
        if role.receives and settings.speak:
            child = ModelChild("the synthesiser", SPEAKING, [synthesiser()])
            synthesise = _synthesise(await stack.enter_async_context(child))
        yield SpeechModels(transcribe, synthesise, prepare)


def _transcribe(child: ModelChild) -> Transcribe:
    async def transcribe(pcm: Pcm) -> str:
        text = await child.ask(pcm.tobytes())
        return text if isinstance(text, str) else ""

    return transcribe


def _synthesise(child: ModelChild) -> Synthesise:
    async def synthesise(text: str) -> Pcm:
        sound = await child.ask(text)
        return np.frombuffer(sound if isinstance(sound, bytes) else b"", np.int16)

    return synthesise
