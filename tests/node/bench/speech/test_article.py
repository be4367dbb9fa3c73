"""The article's settings, and what is said of its claims."""

from __future__ import annotations

from node.bench.speech import article
from node.bench.speech.measures import SpeechScores
from node.bench.speech.results import SettingResult
from node.bench.speech.settings import Setting, SpeechCodec


def results(score: dict[str, float], speex: float | None = 0.9) -> list[SettingResult]:
    made = []
    for setting in article.grid():
        if setting.codec is SpeechCodec.SPEEX:
            if speex is None:
                continue
            scores = SpeechScores(speex, pesq_wb=2.0)
        else:
            wide = setting.bitrate == 24_000 and setting.cutoff != 4_000
            scores = SpeechScores(score[setting.application], pesq_wb=4.0 if wide else 2.5)
        kbps = setting.bitrate / 1000
        made.append(SettingResult(setting=setting, payload_kbps=kbps, wire_kbps=kbps + 20, scores=scores))
    return made


def verdicts(made: list[SettingResult]) -> dict[str, bool]:
    return {claim.text: claim.holds for claim in article.claims(made)}


def test_its_settings() -> None:
    settings = list(article.grid())
    assert len(settings) == 3 * 5 * 3 + 2
    assert Setting(SpeechCodec.SPEEX, "nb", 20, 1, quality=3) == article.SPEEX
    assert len({setting.label for setting in settings}) == len(settings)


def test_claims_are_judged_by_the_figures() -> None:
    judged = verdicts(results({"voip": 0.92, "audio": 0.91, "lowdelay": 0.7}))
    assert judged == {
        "The cut-off matters at 6k and 8k (voip)": False,
        "The cut-off matters at 24k (voip)": True,
        "voip serves speech at 6k and 8k as well as any application": True,
        "lowdelay can be used at 6k and 8k": False,
        "6k and 8k in packets of 20 ms go through 16 kbit/s": False,
        "Speex narrowband, quality 3, does as well as Opus at 8k": False,
        "Speex does as well as the node's Opus at 8k with the high band": False,
    }
    other = verdicts(results({"voip": 0.8, "audio": 0.9, "lowdelay": 0.8}))
    assert not other["voip serves speech at 6k and 8k as well as any application"]
    assert other["lowdelay can be used at 6k and 8k"]
    assert other["Speex narrowband, quality 3, does as well as Opus at 8k"]
    assert not other["Speex does as well as the node's Opus at 8k with the high band"]  # PESQ is for it


def test_what_was_not_measured_is_not_judged() -> None:
    without_speex = verdicts(results({"voip": 0.9, "audio": 0.9, "lowdelay": 0.7}, speex=None))
    assert len(without_speex) == 5
    assert article.claims([]) == []
