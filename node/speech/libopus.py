"""The Opus codec: the encoder by opuslib, the decoder on the library that `node.speech.opus_libraries` chose.

opuslib 3.0.1 asks `ctypes.util.find_library` for libopus, so it is pointed elsewhere while it is imported.
Its high-level classes cannot force a bandwidth; its low-level functions can. It knows one library alone, and the one
that decodes best may be another.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import warnings
from functools import cache
from typing import Any

import numpy as np

from node.speech.opus_libraries import DecoderLibrary, RawDecoder, library_path, loaded
from node.speech.pcm import SAMPLE_RATE, Pcm
from node.speech.profiles import Profile
from protocol.errors import NodeError, PacketError
from protocol.speech import opus_packet

# The largest Opus frame (RFC 6716, section 3.2.1).
MAX_FRAME_BYTES = 1275

# The longest Opus packet lasts 120 ms (RFC 6716, section 3.2.5, R5).
MAX_PACKET_SAMPLES = SAMPLE_RATE * 120 // 1000

# libopus conceals in steps of 2.5 ms.
CONCEAL_STEP = SAMPLE_RATE * 5 // 2000

# The bit of the TOC byte that marks stereo (RFC 6716, section 3.1).
STEREO = 4

# VBR speech comes out some 10 % below the bitrate that it was asked for; a talkative minute may come out above it.
HEADROOM = 1.1


def version() -> str:
    """Return the library's own name and version, such as `libopus 1.6.1`."""
    get_version = _opuslib().api.libopus.opus_get_version_string
    get_version.restype = ctypes.c_char_p
    return str(get_version().decode())


class PassthroughPolicy:
    """Which frames of another encoder may be sent in place of one's own, without a second encoding.

    They have to be mono, of the profile's length, and in the long run of its bitrate. After too many bits none is
    accepted any more: each change from one encoder to another can be heard.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._saved_bits: float = profile.bitrate  # a second's worth: VBR makes some frames larger than others
        self._is_trusted = True

    def accepts(self, encoded: bytes) -> bool:
        """Return whether a frame may be sent, and count it as sent. Raises PacketError if it is no Opus packet."""
        profile, packet = self._profile, opus_packet.parse(encoded)
        fits = len(packet.frames) == 1 and packet.frame_ms == profile.frame_ms and not packet.toc & STEREO
        if not (fits and self._is_trusted):
            return False
        earned = HEADROOM * profile.bitrate * profile.frame_ms / 1000
        self._saved_bits = min(self._saved_bits + earned, profile.bitrate) - 8 * len(encoded)
        self._is_trusted = self._saved_bits >= 0
        return self._is_trusted


class OpusEncoder:
    """An encoder of 16 kHz mono speech with a profile's settings: one Opus packet for each frame."""

    def __init__(self, profile: Profile) -> None:
        lib = _opuslib()
        self._new_owner = lib.Encoder
        self._api = lib.api.encoder
        self._ctl = lib.api.ctl
        self._start(profile)

    def change(self, profile: Profile) -> None:
        """Change the settings. Only another application starts a new encoder; all else leaves the sound continuous."""
        if profile.application is not self.profile.application:
            self._start(profile)
        elif profile != self.profile:
            self._apply(profile)

    def _start(self, profile: Profile) -> None:
        self._owner = self._new_owner(SAMPLE_RATE, 1, profile.application.value)
        self._state = self._owner.encoder_state
        self._apply(profile)

    def _apply(self, profile: Profile) -> None:
        self.profile = profile
        self._passthrough = PassthroughPolicy(profile)
        self._set("bitrate", profile.bitrate)
        self._set("bandwidth", profile.bandwidth.value)
        self._set("vbr", int(profile.vbr))
        self._set("vbr_constraint", 0)
        self._set("complexity", profile.complexity)
        self._set("inband_fec", int(profile.fec_percent > 0))
        self._set("packet_loss_perc", profile.fec_percent)

    def _set(self, setting: str, value: int) -> None:
        self._api.encoder_ctl(self._state, getattr(self._ctl, f"set_{setting}"), value)

    @property
    def lookahead_ms(self) -> float:
        """The codec's delay besides the frame itself, in milliseconds."""
        samples: int = self._api.encoder_ctl(self._state, self._ctl.get_lookahead)
        return samples * 1000 / SAMPLE_RATE

    def accepts(self, encoded: bytes) -> bool:
        """Return whether another encoder's frame may be sent in place of this one's. See PassthroughPolicy.accepts."""
        return self._passthrough.accepts(encoded)

    def encode(self, pcm: Pcm) -> bytes:
        """Return one Opus packet for one frame: int16 `(profile.frame_samples,)`."""
        samples = self.profile.frame_samples
        if pcm.shape != (samples,) or pcm.dtype != np.int16:
            raise ValueError(f"an int16 frame of shape ({samples},) is wanted, not {pcm.dtype} {pcm.shape}")
        return bytes(self._api.encode(self._state, pcm.tobytes(), samples, MAX_FRAME_BYTES))


class OpusDecoder:
    """A decoder of Opus packets of any bandwidth and length to 16 kHz mono, which also conceals lost ones.

    `library` decodes, by default the one that encodes. One that enhances wideband speech does so: as well as it can, or
    as it does at this `complexity`.
    """

    def __init__(self, library: DecoderLibrary | None = None, complexity: int | None = None) -> None:
        library = library or loaded(library_path())
        self._decoder = RawDecoder(library, library.complexity if complexity is None else complexity)

    def decode(self, packet: bytes) -> Pcm:
        """Return the packet's sound, int16 `(samples,)`. Raises PacketError if libopus cannot read it."""
        if not packet:
            raise PacketError("an empty Opus packet")
        return self._decoder.run(packet, MAX_PACKET_SAMPLES)

    def conceal(self, samples: int) -> Pcm:
        """Return `samples` (a multiple of 40, at most 1920) that continue and fade the last sound."""
        _check_concealed(samples)
        return self._decoder.run(None, samples)

    def recover(self, samples: int, following: bytes) -> Pcm:
        """Return the same, restored from in-band FEC if the following packet has it, as browsers send it."""
        _check_concealed(samples)
        try:
            return self._decoder.run(following, samples, in_band=True)
        except PacketError:
            return self._decoder.run(None, samples)


def _check_concealed(samples: int) -> None:
    if samples % CONCEAL_STEP or not 0 < samples <= MAX_PACKET_SAMPLES:
        raise ValueError(f"libopus conceals multiples of {CONCEAL_STEP} samples, not {samples}")


@cache
def _opuslib() -> Any:
    path = library_path()
    find_library = ctypes.util.find_library
    ctypes.util.find_library = lambda name: path if name == "opus" else find_library(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            import opuslib
            import opuslib.api.ctl
            import opuslib.api.encoder
    except OSError as error:
        raise NodeError(f"libopus cannot be loaded from {path}: {error}") from None
    finally:
        ctypes.util.find_library = find_library
    _declare_fixed_arguments(opuslib)
    return opuslib


def _declare_fixed_arguments(opuslib: Any) -> None:
    """Declare to ctypes where the variadic part begins: some platforms pass it differently (Apple's arm64)."""
    encoder = opuslib.api.encoder
    encoder.libopus_ctl.argtypes = (encoder.EncoderPointer, ctypes.c_int)
