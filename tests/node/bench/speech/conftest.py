"""A short recording that is always here, and results as if measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.bench.speech.measures import Scores
from node.bench.speech.results import Result
from node.bench.speech.settings import Codec, Setting
from node.speech import dialogue

LEAN = Setting(Codec.OPUS, "nb", 60, 2, 8_000, "voip")
WIDE = Setting(Codec.OPUS, "wb", 60, 2, 14_000, "audio")


@pytest.fixture(scope="session")
def recording() -> Path:
    """A turn of the shipped dialogue: some seconds of one voice."""
    return dialogue.shipped()[0].path


def result(wire: float, quality: float, setting: Setting = LEAN, sound: bytes = b"") -> Result:
    """A result of this quality: ESTOI alone."""
    return Result(setting, wire / 2, wire, Scores(estoi=quality), sound)
