"""The article's own settings, and a test of what they take for granted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from node.bench.speech.results import SettingResult
from node.bench.speech.settings import Setting, SpeechCodec

BITRATES = (6_000, 8_000, 24_000)

# In Hz; FFmpeg's libopus takes no others.
CUTOFFS = (4_000, 6_000, 8_000, 12_000, 20_000)

APPLICATIONS = ("voip", "audio", "lowdelay")
FRAME_MS = 20

# What the article sets out to call over.
LINK_KBPS = 16.0

LOW = BITRATES[:2]
SPEEX = Setting(SpeechCodec.SPEEX, "nb", FRAME_MS, quality=3)

# What the node sends at the article's bitrate, in its place.
FILLED = Setting(SpeechCodec.OPUS, "nb", 60, 2, 8_000, "voip", high_band=True)

# Differences of ESTOI and PESQ that are more than chance.
AUDIBLE = 0.01
AUDIBLE_PESQ = 0.1


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim that the article's choice of settings takes for granted, whether it holds, and the figures."""

    text: str
    holds: bool
    figures: str


def grid() -> Iterator[Setting]:
    """Yield the article's settings, FFmpeg's Opus at every cut-off and application and Speex, and the node's own."""
    for bitrate, cutoff, application in product(BITRATES, CUTOFFS, APPLICATIONS):
        yield Setting(SpeechCodec.FFMPEG, _band(cutoff), FRAME_MS, 1, bitrate, application, cutoff=cutoff)
    yield SPEEX
    yield FILLED


def claims(results: Sequence[SettingResult]) -> list[Claim]:
    """Judge the claims that the results allow to be judged: without ESTOI none, without Speex all but Speex's."""
    found = {result.setting: result for result in results if result.scores.estoi is not None}
    if not all(setting in found for setting in grid() if setting.codec is SpeechCodec.FFMPEG):
        return []
    judged = [_cutoffs(found, LOW), _cutoffs(found, BITRATES[2:]), _voip(found), _lowdelay(found), _link(found)]
    with_speex = [judge(found) for judge in (_speex, _speex_and_band) if {SPEEX, FILLED} <= found.keys()]
    return [*judged, *with_speex]


Found = Mapping[Setting, SettingResult]


def opus(bitrate: int, cutoff: int, application: str = "voip") -> Setting:
    """Return one of the article's settings of Opus."""
    return Setting(SpeechCodec.FFMPEG, _band(cutoff), FRAME_MS, 1, bitrate, application, cutoff=cutoff)


def _cutoffs(found: Found, bitrates: Sequence[int]) -> Claim:
    """Judge by PESQ wide as well: ESTOI hardly rates what is above 5 kHz."""
    matters, figures = True, []
    for bitrate in bitrates:
        scores = [found[opus(bitrate, cutoff)].scores for cutoff in CUTOFFS]
        estoi, pesq = (_spread([getattr(each, name) for each in scores]) for name in ("estoi", "pesq_wb"))
        matters = matters and (estoi > AUDIBLE or pesq > AUDIBLE_PESQ)
        figures.append(f"at {bitrate // 1000}k ESTOI by {estoi:.3f}, PESQ wide by {pesq:.2f}")
    named = " and ".join(f"{bitrate // 1000}k" for bitrate in bitrates)
    return Claim(f"The cut-off matters at {named} (voip)", matters, f"Between cut-offs differ {'; '.join(figures)}")


def _spread(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return max(known) - min(known) if known else 0.0


def _voip(found: Found) -> Claim:
    best, figures = True, []
    for bitrate in LOW:
        scores = {name: _estoi(found, opus(bitrate, CUTOFFS[0], name)) for name in APPLICATIONS}
        best = best and scores["voip"] >= max(scores.values()) - AUDIBLE
        figures.append(f"{bitrate // 1000}k: " + ", ".join(f"{name} {score:.3f}" for name, score in scores.items()))
    return Claim("voip serves speech at 6k and 8k as well as any application", best, "ESTOI at " + "; ".join(figures))


def _lowdelay(found: Found) -> Claim:
    pairs = [(_estoi(found, opus(rate, CUTOFFS[0], "lowdelay")), _estoi(found, opus(rate, CUTOFFS[0]))) for rate in LOW]
    holds = all(low >= voip - AUDIBLE for low, voip in pairs)
    figures = ", ".join(f"{low:.3f} against {voip:.3f}" for low, voip in pairs)
    return Claim("lowdelay can be used at 6k and 8k", holds, f"ESTOI of lowdelay {figures} of voip")


def _link(found: Found) -> Claim:
    rates = [found[opus(bitrate, CUTOFFS[0])].wire_kbps for bitrate in LOW]
    figures = " and ".join(f"{rate:.1f}" for rate in rates)
    text = f"6k and 8k in packets of {FRAME_MS} ms go through {LINK_KBPS:g} kbit/s"
    return Claim(text, max(rates) <= LINK_KBPS, f"{figures} kbit/s on the wire: the headers are the larger part")


def _speex(found: Found) -> Claim:
    speex, other = found[SPEEX], found[opus(8_000, CUTOFFS[0])]
    assert speex.scores.estoi is not None and other.scores.estoi is not None
    holds = speex.scores.estoi >= other.scores.estoi - AUDIBLE
    figures = f"ESTOI {speex.scores.estoi:.3f} at {speex.payload_kbps:.1f} kbit/s against {other.scores.estoi:.3f} at "
    return Claim(
        "Speex narrowband, quality 3, does as well as Opus at 8k", holds, f"{figures}{other.payload_kbps:.1f} kbit/s"
    )


def _speex_and_band(found: Found) -> Claim:
    speex, other = found[SPEEX].scores, found[FILLED].scores
    pairs = [(speex.estoi, other.estoi, AUDIBLE), (speex.pesq_wb, other.pesq_wb, AUDIBLE_PESQ)]
    holds = all(one >= another - least for one, another, least in pairs if one is not None and another is not None)
    figures = " against ".join(_heard(found[setting]) for setting in (SPEEX, FILLED))
    return Claim("Speex does as well as the node's Opus at 8k with the high band", holds, figures)


def _heard(result: SettingResult) -> str:
    scores = result.scores
    pesq = "" if scores.pesq_wb is None else f" and PESQ wide {scores.pesq_wb:.2f}"
    return f"ESTOI {scores.estoi:.3f}{pesq} at {result.payload_kbps:.1f} kbit/s"


def _estoi(found: Found, setting: Setting) -> float:
    estoi = found[setting].scores.estoi
    assert estoi is not None
    return estoi


def _band(cutoff: int) -> str:
    return {4_000: "nb", 6_000: "mb", 8_000: "wb", 12_000: "swb", 20_000: "fb"}[cutoff]
