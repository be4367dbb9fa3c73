"""Speech profiles: named settings of the encoder and of how its frames share a packet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from node.speech.pcm import SAMPLE_RATE
from protocol.errors import UsageError
from protocol.speech.redundancy import MAX_REDUNDANCY

# Lengths of one Opus frame: shorter ones carry no SILK, longer ones are joined from these.
FRAME_LENGTHS_MS = (10, 20, 40, 60)

# The longest Opus packet (RFC 6716, section 3.2.5).
MAX_PACKET_MS = 120

# Bits a second. What libopus takes for one channel, up to where no difference can be heard.
BITRATES = (500, 128_000)


# Below this bitrate libopus writes no in-band FEC, whatever its settings.
FEC_FROM = 16_000


# The gains of the high band are of so many ms: shorter frames have none. They fit no delay but that of SILK.
HIGH_BAND_FRAME_MS = 20


class Bandwidth(Enum):
    """Opus audio bandwidths; the values are libopus's constants (RFC 6716, table 1).

    The node's sound is 16 kHz, so that the last two carry no more than `WIDE`.
    """

    NARROW = 1101
    MEDIUM = 1102
    WIDE = 1103
    SUPERWIDE = 1104
    FULL = 1105


class Application(Enum):
    """What the encoder is optimised for; the values are libopus's constants."""

    VOIP = 2048
    AUDIO = 2049
    LOWDELAY = 2051


BANDWIDTHS: Mapping[str, Bandwidth] = MappingProxyType(
    dict(zip(("nb", "mb", "wb", "swb", "fb"), Bandwidth, strict=True))
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One setting of the speech path.

    `bitrate` is in bit/s and is what the encoder aims at: VBR speech comes out some 10 % below it.
    `bandwidth` is forced: left to itself libopus may choose another. With `dtx` nothing is sent in silence.
    `redundancy` is the copy distance: each packet also carries the sound one and a half (1) or two and a half packets
    (2) earlier; see `protocol.speech.redundancy`. `fec_percent` is the loss, in percent, that Opus's in-band FEC is to
    be ready for (0: none); libopus writes it from `FEC_FROM` bit/s on. With `high_band` narrowband speech goes with
    the gains of 4 to 8 kHz beside it, for those who can fill that up. `for_enhancers` marks what is only
    for decoders that enhance wideband (see `node.speech.opus_libraries`). With `text_only` no sound is sent: what is
    said goes as lines of text alone.
    """

    name: str
    bitrate: int
    bandwidth: Bandwidth
    frame_ms: int = 60
    frames_per_packet: int = 2
    application: Application = Application.VOIP
    vbr: bool = True
    complexity: int = 10
    dtx: bool = True
    redundancy: int = 0
    fec_percent: int = 0
    high_band: bool = False
    for_enhancers: bool = False
    text_only: bool = False

    @property
    def frame_samples(self) -> int:
        """Samples at 16 kHz in one Opus frame."""
        return SAMPLE_RATE * self.frame_ms // 1000

    @property
    def bandwidth_name(self) -> str:
        """`nb` to `fb`, as settings name it."""
        return next(name for name, bandwidth in BANDWIDTHS.items() if bandwidth is self.bandwidth)

    @property
    def sends_high_band(self) -> bool:
        """Whether the gains of the high band go along: it is wanted, and nothing but the gains would fill it."""
        fits = self.frame_ms >= HIGH_BAND_FRAME_MS and self.application is not Application.LOWDELAY
        return self.high_band and self.bandwidth is Bandwidth.NARROW and fits

    @property
    def packet_ms(self) -> int:
        """Sound carried by one RTP packet."""
        return self.frame_ms * self.frames_per_packet


TEXT = Profile("text", bitrate=7_000, bandwidth=Bandwidth.NARROW, text_only=True)
LOWEST = Profile("lowest", bitrate=7_000, bandwidth=Bandwidth.NARROW, high_band=True)
LEAN = Profile("lean", bitrate=8_000, bandwidth=Bandwidth.NARROW, high_band=True)
NATURAL = Profile("natural", bitrate=8_000, bandwidth=Bandwidth.WIDE, for_enhancers=True)
CLEAR = Profile("clear", bitrate=12_000, bandwidth=Bandwidth.WIDE)
QUICK = Profile("quick", bitrate=8_000, bandwidth=Bandwidth.NARROW, frames_per_packet=1, high_band=True)
TOUGH = Profile("tough", bitrate=8_000, bandwidth=Bandwidth.NARROW, redundancy=2, high_band=True)
RICH = Profile("rich", bitrate=24_000, bandwidth=Bandwidth.WIDE, frames_per_packet=1)

MEANINGS: Mapping[Profile, str] = MappingProxyType(
    {
        LOWEST: "the least there is",
        LEAN: "like a telephone; default",
        NATURAL: "for listeners with OSCE",
        CLEAR: "fuller voices",
        QUICK: "lean with less delay",
        TOUGH: "each packet sent twice",
        RICH: "clear, with less delay",
        TEXT: "words alone",
    }
)

PROFILES: Mapping[str, Profile] = MappingProxyType({one.name: one for one in MEANINGS})

AUTO = "auto"
CUSTOM = "custom"


# Fields of a profile that settings call by another name.
_SETTINGS: Mapping[str, str] = MappingProxyType({"frame_ms": "frame", "frames_per_packet": "bundle"})


def setting_of(field: str) -> str:
    """Return the name of the setting that a profile's field is of."""
    return _SETTINGS.get(field, field)


def profile(name: str) -> Profile:
    """Return the profile called `name`; `custom` is `lean`, to be changed. Raises UsageError that lists all names."""
    if name == CUSTOM:
        return replace(LEAN, name=CUSTOM)
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join([*PROFILES, CUSTOM, AUTO])
        raise UsageError(f"there is no speech profile {name!r}; there is: {known}") from None


def custom(base: Profile, **options: Any) -> Profile:
    """Return `base` with these options (None: unchanged). Raises UsageError if they are impossible."""
    given = {option: value for option, value in options.items() if value is not None}
    if given and base.text_only:
        raise UsageError(f"the profile {base.name!r} sends no sound: leave out {setting_of(next(iter(given)))!r}")
    made = checked(replace(base, name=CUSTOM, **given)) if given else base
    if given.get("high_band") and not made.sends_high_band:
        raise UsageError(f"the high band goes beside narrowband, {_high_band_wants(made)}; or leave it out")
    return made


def _high_band_wants(one: Profile) -> str:
    """Return what would have to be otherwise for the high band to go along."""
    if one.bandwidth is not Bandwidth.NARROW:
        return f"not {one.bandwidth_name}: give the bandwidth nb"
    if one.frame_ms < HIGH_BAND_FRAME_MS:
        return f"in frames of {HIGH_BAND_FRAME_MS} ms or more, not {one.frame_ms}: give the frame {HIGH_BAND_FRAME_MS}"
    return "not with the delay of lowdelay: give the application voip"


def checked(one: Profile) -> Profile:
    """Return the profile if libopus and RTP can carry it. Raises UsageError if not."""
    low, high = BITRATES
    if not low <= one.bitrate <= high:
        raise UsageError(f"a bitrate of {one.bitrate} bit/s is not possible; give {low} to {high}")
    if one.frame_ms not in FRAME_LENGTHS_MS:
        lengths = ", ".join(map(str, FRAME_LENGTHS_MS))
        raise UsageError(f"a frame of {one.frame_ms} ms is not possible; give one of {lengths}")
    if one.frames_per_packet < 1 or one.packet_ms > MAX_PACKET_MS:
        most = MAX_PACKET_MS // one.frame_ms
        raise UsageError(f"a bundle of {one.frames_per_packet} frames is not possible; give 1 to {most}")
    if not 0 <= one.redundancy <= MAX_REDUNDANCY:
        raise UsageError(f"a redundancy of {one.redundancy} is not possible; give 0 to {MAX_REDUNDANCY}")
    return one
