"""Where libopus is, and which one decodes: some restore in wideband speech what a low bitrate took from it.

From 1.5 on, libopus may be built with OSCE: small networks that enhance what SILK codes as wideband, one at the
decoder's complexity 6 (LACE), a larger one at 7 (NoLACE). They work on SILK's own frames of 20 ms, three of which make
an Opus frame of 60 ms. A library that has them decodes to other samples there, and so it is found out: its version does
not say how it was built. The library inside PyAV's wheel has none.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import weakref
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from node.common.files import from_home
from node.speech import opus_trial
from node.speech.pcm import SAMPLE_RATE, Pcm
from protocol.errors import NodeError, PacketError

# As the setting `libopus`: a library of the system that enhances, else what encodes; and PyAV's alone.
AUTO, BUNDLED = "auto", "bundled"

NO_LIBOPUS = "no libopus here; `pip install av` brings one, as does the system package (Debian: libopus0)"
GIVE_ONE = f"; give as libopus the path of one, {AUTO} or {BUNDLED}"
NO_BUNDLED = "PyAV brings no libopus here: leave the setting libopus at auto, or name a file"

# 80 ms of a voice of 120 Hz (harmonics falling by 6 dB an octave), coded with 8 kbit/s as wideband of 20 ms.
VOICE = tuple(
    map(
        bytes.fromhex,
        (
            "48857119c4fce7e0cb17c0c65a18818dc8",
            "48bbfa66a696344c7947dd2bf4424ff478",
            "48bbfa66a69631c5b52b24606c8dbf9f17",
            "48bbfa66a69631c5b2f49ce5bb958c0a34",
        ),
    )
)
VOICE_SAMPLES = SAMPLE_RATE // 50

# The complexities at which a decoder may enhance, the best first: either takes less than a hundredth of a core.
NOLACE, LACE = 7, 6
PLAIN = 0

# From opus_defines.h.
_SET_COMPLEXITY = 4010

_Decoder = ctypes.c_void_p
_DECLARED = {
    "opus_get_version_string": (ctypes.c_char_p, ()),
    "opus_strerror": (ctypes.c_char_p, (ctypes.c_int,)),
    "opus_decoder_create": (_Decoder, (ctypes.c_int32, ctypes.c_int, ctypes.POINTER(ctypes.c_int))),
    "opus_decoder_destroy": (None, (_Decoder,)),
    # Its other arguments are variadic, which some platforms pass differently (Apple's arm64).
    "opus_decoder_ctl": (ctypes.c_int, (_Decoder, ctypes.c_int)),
    "opus_decode": (
        ctypes.c_int,
        (_Decoder, ctypes.c_char_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int, ctypes.c_int),
    ),
}


class DecoderLibrary:
    """A libopus as far as it decodes. Raises NodeError if the file is none."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.functions = ctypes.CDLL(path)
            for name, (result, arguments) in _DECLARED.items():
                function = getattr(self.functions, name)
                function.restype, function.argtypes = result, arguments
        except OSError as error:
            raise NodeError(_no_libopus(path, str(error).removeprefix(f"{path}: "))) from None
        except AttributeError:
            raise NodeError(_no_libopus(path, "it cannot decode Opus")) from None

    @property
    def version(self) -> str:
        """The library's own name and version, such as `libopus 1.6.1`."""
        return str(self.functions.opus_get_version_string().decode())

    @property
    def enhances(self) -> bool:
        """Whether wideband speech is enhanced."""
        return self.complexity != PLAIN

    @cached_property
    def complexity(self) -> int:
        """The complexity to decode with: the highest that makes a difference."""
        plain = self._voice(PLAIN)
        return next((one for one in (NOLACE, LACE) if not np.array_equal(self._voice(one), plain)), PLAIN)

    def _voice(self, complexity: int) -> Pcm:
        decoder = RawDecoder(self, complexity)
        return np.concatenate([decoder.run(packet, VOICE_SAMPLES) for packet in VOICE])


class RawDecoder:
    """A decoder of a library, to 16 kHz mono, with its own state."""

    def __init__(self, library: DecoderLibrary, complexity: int) -> None:
        self._functions = library.functions
        error = ctypes.c_int()
        state = self._functions.opus_decoder_create(SAMPLE_RATE, 1, ctypes.byref(error))
        if not state:
            raise NodeError(f"{library.path} makes no decoder: {self._reason(error.value)}")
        self._state = _Decoder(state)
        weakref.finalize(self, self._functions.opus_decoder_destroy, self._state)
        # Libraries before 1.5 do not know it, and do without.
        self._functions.opus_decoder_ctl(self._state, _SET_COMPLEXITY, ctypes.c_int(complexity))

    def run(self, packet: bytes | None, samples: int, in_band: bool = False) -> Pcm:
        """Return what a packet holds, or (None) what conceals a lost one: int16, at most so many samples.

        Raises PacketError if libopus refuses the packet.
        """
        sound = np.empty(samples, np.int16)
        count: int = self._functions.opus_decode(
            self._state, packet, len(packet or b""), sound.ctypes.data, samples, int(in_band)
        )
        if count < 0:
            raise PacketError(f"libopus refuses a packet of {len(packet or b'')} bytes: {self._reason(count)}")
        return sound[:count]

    def _reason(self, code: int) -> str:
        return str(self._functions.opus_strerror(code).decode())


@cache
def library_path() -> str:
    """Return where libopus is: a file in PyAV's wheel, or the system's name for it. Raises NodeError if neither."""
    path = bundled() or ctypes.util.find_library("opus")
    if path is None:
        raise NodeError(NO_LIBOPUS)
    return path


def bundled() -> str | None:
    """Return the path of the libopus in PyAV's wheel, if there is one."""
    spec = find_spec("av")
    if spec is None or spec.origin is None:
        return None
    wheel = Path(spec.origin).parents[1]
    found = sorted([*wheel.glob("av.libs/*opus-*"), *wheel.glob("av/.dylibs/libopus.*")])
    return str(found[0]) if found else None


@cache
def loaded(path: str) -> DecoderLibrary:
    """Return the library of this path, loaded once. Raises NodeError if it is no libopus."""
    return DecoderLibrary(path)


@cache
def decoder_library(choice: str = AUTO) -> DecoderLibrary:
    """Return what decodes, as the setting `libopus` says. Raises NodeError if that cannot be had."""
    if choice == AUTO:
        return _enhancing_system_library() or loaded(library_path())
    if choice == BUNDLED:
        path = bundled()
        if path is None:
            raise NodeError(NO_BUNDLED)
        return loaded(path)
    file = from_home(choice).absolute()
    try:
        opus_trial.check(file)
    except NodeError as error:
        raise NodeError(_no_libopus(str(file), f"{error}{GIVE_ONE}")) from None
    try:
        return loaded(str(file))
    except NodeError as error:
        raise NodeError(f"{error}{GIVE_ONE}") from None


def _no_libopus(path: str, reason: str) -> str:
    return f"{path!r} is no libopus: {reason}"


def _enhancing_system_library() -> DecoderLibrary | None:
    """Return the system's library if it enhances."""
    path = ctypes.util.find_library("opus")
    if path is None:
        return None
    try:
        library = loaded(path)
        return library if library.enhances else None
    except (NodeError, PacketError):
        return None
