"""Settings of a sweep, and results as if measured."""

from __future__ import annotations

from node.bench.speech.measures import SpeechScores
from node.bench.speech.results import SettingResult
from node.bench.speech.settings import Setting, SpeechCodec

LEAN = Setting(SpeechCodec.OPUS, "nb", 60, 2, 8_000, "voip")
WIDE = Setting(SpeechCodec.OPUS, "wb", 60, 2, 14_000, "audio")


def result(wire: float, quality: float, setting: Setting = LEAN, sound: bytes = b"") -> SettingResult:
    """Return a result of this rate on the wire and this quality: ESTOI alone."""
    return SettingResult(
        setting=setting, payload_kbps=wire / 2, wire_kbps=wire, scores=SpeechScores(estoi=quality), sound=sound
    )
