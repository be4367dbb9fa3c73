"""Lyra V2 (SoundStream) by its three TensorFlow Lite models, on the `ai-edge-litert` package.

The models come with Google's Lyra (Apache-2.0) and not with this project; a setting names their folder. They keep
their state from frame to frame inside the interpreter, so each direction of a call has interpreters of its own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from node.speech.pcm import FULL_SCALE, SAMPLE_RATE, Pcm
from protocol.errors import NodeError
from protocol.speech import lyra

# The number of quantizers in the model; the lower bitrates leave the finer ones out.
FRAME_SAMPLES = SAMPLE_RATE * lyra.FRAME_MS // 1000

QUANTIZERS = 46

# The model's index for a quantizer that was left out.
NOT_USED = -1

ENCODER, QUANTIZER, DECODER = "soundstream_encoder.tflite", "quantizer.tflite", "lyragan.tflite"

_Features = npt.NDArray[np.float32]


def check(folder: Path) -> None:
    """Raise NodeError, with what to do, unless Lyra can run from this folder."""
    missing = [name for name in (ENCODER, QUANTIZER, DECODER) if not (folder / name).is_file()]
    if missing:
        raise NodeError(f"no {', '.join(missing)} in {str(folder)!r}; give the folder with Lyra V2's model files")


class LyraEncoder:
    """An encoder of 16 kHz mono speech at 3200, 6000 or 9200 bit/s. Raises NodeError if it cannot run."""

    def __init__(self, folder: Path, bitrate: int = 3200) -> None:
        if bitrate not in lyra.FRAME_BYTES:
            known = ", ".join(map(str, lyra.FRAME_BYTES))
            raise NodeError(f"Lyra has no bitrate of {bitrate} bit/s; it has {known}")
        check(folder)
        self.bitrate = bitrate
        self._analyse = _Model(folder / ENCODER)
        self._quantize = _interpreter(folder / QUANTIZER).get_signature_runner("encode")
        self._count = lyra.FRAME_BYTES[bitrate] * 2

    def encode(self, pcm: Pcm) -> bytes:
        """Return one packet of 1 to 6 frames for as many times 320 samples, int16."""
        if pcm.dtype != np.int16 or len(pcm) % FRAME_SAMPLES or not 0 < len(pcm) <= FRAME_SAMPLES * lyra.MAX_FRAMES:
            raise ValueError(f"1 to {lyra.MAX_FRAMES} int16 frames of {FRAME_SAMPLES} samples are wanted")
        return lyra.build([self._frame(frame) for frame in pcm.reshape(-1, FRAME_SAMPLES)])

    def _frame(self, pcm: Pcm) -> bytes:
        features = self._analyse.run((pcm / FULL_SCALE).astype(np.float32)).reshape(1, 1, -1)
        coded = self._quantize(input_frames=features, num_quantizers=np.int32(self._count))["output_0"]
        return lyra.pack([int(index) for index in coded.reshape(-1)[: self._count]])


class LyraDecoder:
    """A decoder of Lyra packets of any bitrate to 16 kHz mono, which also conceals lost ones.

    Raises NodeError if it cannot run.
    """

    def __init__(self, folder: Path) -> None:
        check(folder)
        self._dequantize = _interpreter(folder / QUANTIZER).get_signature_runner("decode")
        self._generate = _Model(folder / DECODER)
        self._last: _Features | None = None
        self._concealment: Pcm = np.zeros(0, np.int16)

    def decode(self, packet: bytes) -> Pcm:
        """Return the packet's sound, int16 `(samples,)`. Raises PacketError if it is no Lyra packet."""
        frames = lyra.parse(packet)
        self._concealment = self._concealment[:0]
        return np.concatenate([self._frame(frame) for frame in frames])

    def conceal(self, samples: int) -> Pcm:
        """Return `samples` that continue the last sound; silence before any."""
        while len(self._concealment) < samples:
            self._concealment = np.concatenate([self._concealment, self._repeat_last()])
        given, self._concealment = self._concealment[:samples], self._concealment[samples:]
        return given

    def _frame(self, frame: bytes) -> Pcm:
        indices = np.full((QUANTIZERS, 1, 1), NOT_USED, np.int32)
        used = lyra.unpack(frame)
        indices[: len(used), 0, 0] = used
        self._last = self._dequantize(encoding_indices=indices)["output_0"]
        return _sound(self._generate.run(self._last))

    def _repeat_last(self) -> Pcm:
        return np.zeros(FRAME_SAMPLES, np.int16) if self._last is None else _sound(self._generate.run(self._last))


class _Model:
    """A model of one input and one output, with the state that it keeps between runs."""

    def __init__(self, path: Path) -> None:
        self._interpreter = _interpreter(path)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def run(self, values: _Features) -> _Features:
        self._interpreter.set_tensor(self._input["index"], values.reshape(self._input["shape"]))
        self._interpreter.invoke()
        result: _Features = self._interpreter.get_tensor(self._output)
        return result


def _interpreter(path: Path) -> Any:
    try:
        with _quietly():
            from ai_edge_litert.interpreter import Interpreter

            interpreter = Interpreter(str(path), num_threads=1)
            interpreter.allocate_tensors()
    except ImportError as error:
        raise NodeError(f"cannot load the package ai-edge-litert ({error}): install it again with pip") from None
    except (ValueError, RuntimeError, OSError):
        raise NodeError(f"{str(path)!r} is no TensorFlow Lite model; get Lyra V2's again") from None
    return interpreter


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the library's greeting, written past Python, off the user's terminal."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _sound(values: _Features) -> Pcm:
    pcm: Pcm = np.clip(np.rint(values.reshape(-1) * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return pcm
