"""Opus or Lyra: one encoder and one decoder for both, so that talker and listener need not know which it is.

Opus is what everyone reads; Lyra goes out for as long as everyone who listens takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from node.speech import lyra_model as lyra_models
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.pcm import Pcm
from node.speech.profiles import Profile
from protocol.errors import PacketError
from protocol.speech import lyra


@dataclass(frozen=True, slots=True)
class LyraChoice:
    """Where Lyra's model files are, and the bitrate to talk with, in bit/s."""

    folder: Path
    bitrate: int = 3200


class SpeechEncoder:
    """Encodes as the profile says, or with Lyra whenever `takes_lyra` says that all listeners take it.

    NodeError when Lyra's models cannot be had.
    """

    def __init__(self, profile: Profile, choice: LyraChoice, takes_lyra: Callable[[], bool]) -> None:
        self._opus = OpusEncoder(profile)
        self._lyra = lyra_models.LyraEncoder(choice.folder, choice.bitrate)
        self._takes_lyra = takes_lyra

    @property
    def lookahead_ms(self) -> float:
        """Opus's; Lyra has none."""
        return self._opus.lookahead_ms

    def change(self, profile: Profile) -> None:
        """Go on with other settings of Opus's."""
        self._opus.change(profile)

    def takes(self, encoded: bytes) -> bool:
        """Tell whether a frame of Opus that another encoder made may be sent for this one's."""
        return not self._takes_lyra() and self._opus.takes(encoded)

    def encode(self, pcm: Pcm) -> bytes:
        """Return one packet for one frame of the profile; Lyra cannot do those that are no multiple of 20 ms."""
        if self._takes_lyra() and len(pcm) % lyra_models.FRAME_SAMPLES == 0:
            return self._lyra.encode(pcm)
        return self._opus.encode(pcm)


class SpeechDecoder:
    """Decodes either; what is lost is concealed by the codec that was heard last."""

    def __init__(self, lyra_folder: Path | None = None) -> None:
        self._folder = lyra_folder
        self._opus = OpusDecoder()
        self._last: OpusDecoder | lyra_models.LyraDecoder = self._opus

    def decode(self, packet: bytes) -> Pcm:
        """Return the packet's sound, int16 `(samples,)`.

        PacketError when it cannot be read, or is Lyra and there are no models for it.
        """
        self._last = self._lyra if lyra.is_lyra(packet) else self._opus
        return self._last.decode(packet)

    def conceal(self, samples: int) -> Pcm:
        """Return `samples` (a multiple of 40, at most 1920) that continue the last sound."""
        return self._last.conceal(samples)

    def recover(self, samples: int, following: bytes) -> Pcm:
        """Do the same, or better if the Opus packet that follows holds what was lost."""
        if self._last is not self._opus or lyra.is_lyra(following):
            return self.conceal(samples)
        return self._opus.recover(samples, following)

    @cached_property
    def _lyra(self) -> lyra_models.LyraDecoder:
        if self._folder is None:
            raise PacketError("a Lyra packet, and no models to decode it")
        return lyra_models.LyraDecoder(self._folder)
