"""Named speech settings: what the encoder does and how its frames share a packet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from node.speech.sound import SAMPLE_RATE
from protocol.errors import UsageError


class Bandwidth(Enum):
    """Opus audio bandwidths; the values are libopus's constants (RFC 6716, table 1)."""

    NARROW = 1101
    MEDIUM = 1102
    WIDE = 1103


class Application(Enum):
    """What the encoder optimises for; the values are libopus's constants."""

    VOIP = 2048
    AUDIO = 2049


@dataclass(frozen=True, slots=True)
class Profile:
    """One setting of the speech path.

    `bitrate` is in bit/s and is what the encoder aims at: VBR speech comes out some 10 % below it.
    `bandwidth` is forced: left to itself libopus may choose another.
    """

    name: str
    bitrate: int
    bandwidth: Bandwidth
    frame_ms: int = 60
    frames_per_packet: int = 2
    application: Application = Application.VOIP
    vbr: bool = True
    complexity: int = 10

    @property
    def frame_samples(self) -> int:
        """Samples at 16 kHz in one Opus frame."""
        return SAMPLE_RATE * self.frame_ms // 1000

    @property
    def packet_ms(self) -> int:
        """Sound carried by one RTP packet."""
        return self.frame_ms * self.frames_per_packet


LEAN = Profile("lean", bitrate=8_000, bandwidth=Bandwidth.NARROW)
"""The default: 7.1 kbit/s of payload, 10.9 on the wire at 58 bytes of headers a packet, ESTOI .89."""

PROFILES: Mapping[str, Profile] = MappingProxyType({LEAN.name: LEAN})


def profile(name: str) -> Profile:
    """Return the profile called `name`; UsageError names those there are."""
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(PROFILES)
        raise UsageError(f"there is no speech profile {name!r}; there is: {known}") from None
