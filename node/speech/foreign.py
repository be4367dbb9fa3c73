"""Frames that another encoder made: which of them may be sent for one's own."""

from __future__ import annotations

from node.speech.profiles import Profile
from protocol.speech import opus_packet

STEREO = 4
"""The bit of the TOC byte (RFC 6716, section 3.1)."""

HEADROOM = 1.1
"""VBR speech comes out some 10 % below the bitrate that it was asked for; a talkative minute may come out above it."""


class PassthroughPolicy:
    """Judges frames by a profile: mono, of its length, and in the long run of its bitrate.

    Who once sends too many bits is believed no more: a decoder hears each change from one encoder to another.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._saved_bits: float = profile.bitrate  # a second's worth: VBR makes some frames larger than others
        self._is_believed = True

    def takes(self, encoded: bytes) -> bool:
        """Tell whether a frame may be sent, and take it to be sent if so. PacketError if it is no Opus packet."""
        profile, packet = self._profile, opus_packet.parse(encoded)
        alike = len(packet.frames) == 1 and packet.frame_ms == profile.frame_ms and not packet.toc & STEREO
        if not (alike and self._is_believed):
            return False
        earned = HEADROOM * profile.bitrate * profile.frame_ms / 1000
        self._saved_bits = min(self._saved_bits + earned, profile.bitrate) - 8 * len(encoded)
        self._is_believed = self._saved_bits >= 0
        return self._is_believed
