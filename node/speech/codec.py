"""The speech codec of a call, Opus or Lyra: one encoder and one decoder for both.

Every node decodes Opus; Lyra is sent while all receivers can decode it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from node.speech import lyra_model as lyra_models
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.opus_libraries import DecoderLibrary
from node.speech.pcm import Pcm
from node.speech.profiles import Profile
from protocol.errors import PacketError
from protocol.speech import lyra


@dataclass(frozen=True, slots=True)
class LyraChoice:
    """The folder of Lyra's model files, and the bitrate to send with, in bit/s."""

    folder: Path
    bitrate: int = 3200


class SpeechEncoder:
    """An encoder with a profile's settings, or of Lyra while `use_lyra` returns that all receivers decode it.

    Raises NodeError if Lyra's models cannot be had.
    """

    def __init__(self, profile: Profile, choice: LyraChoice, use_lyra: Callable[[], bool]) -> None:
        self._opus = OpusEncoder(profile)
        self._lyra = lyra_models.LyraEncoder(choice.folder, choice.bitrate)
        self._use_lyra = use_lyra

    @property
    def lookahead_ms(self) -> float:
        """See OpusEncoder.lookahead_ms; Lyra has none."""
        return self._opus.lookahead_ms

    def change(self, profile: Profile) -> None:
        """Change the settings of Opus."""
        self._opus.change(profile)

    def accepts(self, encoded: bytes) -> bool:
        """Return whether another encoder's Opus frame may be sent in place of this one's."""
        return not self._use_lyra() and self._opus.accepts(encoded)

    def encode(self, pcm: Pcm) -> bytes:
        """Return one packet for one frame of the profile, of Opus if its length is no multiple of Lyra's 20 ms."""
        if self._use_lyra() and len(pcm) % lyra_models.FRAME_SAMPLES == 0:
            return self._lyra.encode(pcm)
        return self._opus.encode(pcm)


class SpeechDecoder:
    """A decoder of both codecs. Losses are concealed by the codec of the last packet.

    `library` is as for OpusDecoder.
    """

    def __init__(self, lyra_folder: Path | None = None, library: DecoderLibrary | None = None) -> None:
        self._folder = lyra_folder
        self._opus = OpusDecoder(library)
        self._last: OpusDecoder | lyra_models.LyraDecoder = self._opus

    def decode(self, packet: bytes) -> Pcm:
        """Return the packet's sound, int16 `(samples,)`.

        Raises PacketError if it cannot be read, or is Lyra and there are no models for it.
        """
        self._last = self._lyra if lyra.is_lyra(packet) else self._opus
        return self._last.decode(packet)

    def conceal(self, samples: int) -> Pcm:
        """Return `samples` (a multiple of 40, at most 1920) that continue the last sound."""
        return self._last.conceal(samples)

    def recover(self, samples: int, following: bytes) -> Pcm:
        """Return the same, restored from in-band FEC if the following Opus packet has it."""
        if self._last is not self._opus or lyra.is_lyra(following):
            return self.conceal(samples)
        return self._opus.recover(samples, following)

    @cached_property
    def _lyra(self) -> lyra_models.LyraDecoder:
        if self._folder is None:
            raise PacketError("a Lyra packet, and no models to decode it")
        return lyra_models.LyraDecoder(self._folder)
