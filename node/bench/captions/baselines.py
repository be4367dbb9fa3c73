"""Compressors of others to compare our codecs with. Each is a package of the extra `baselines`, and is only measured.

A compressor says how many bytes it makes of a text that the receiver's copy, which learned the same, could read. Where
a format begins with bytes that are the same for every text, they are not counted if its package can leave them out.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Size = Callable[[str], int]

ZSTD_LEVEL = 19

# zstd's own default.
ZSTD_DICTIONARY_BYTES = 112_640

# The best of 5, 6 and 8 on COCO captions, primed with a few megabytes of others.
PPMD_ORDER = 6

# More than the model of any training text takes, so that it is never cut.
PPMD_MEMORY = 256 << 20


@dataclass(frozen=True, slots=True)
class Baseline:
    """A compressor, which `learn` makes of its package's module and training lines.

    Of many texts only `most` are measured, spread evenly, where it learns everything again for each; None is all.
    """

    name: str
    package: str
    learn: Callable[[Any, Sequence[str]], Size]
    most: int | None = None

    def ready(self, lines: Sequence[str]) -> Size | None:
        """Return the compressor, having learned the lines; None if its package is not installed."""
        try:
            module = importlib.import_module(self.package)
        except ImportError:
            return None
        return self.learn(module, lines)


def _zlib(module: Any, lines: Sequence[str]) -> Size:
    def size(text: str) -> int:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return len(packer.compress(_bytes(text)) + packer.flush())

    return size


def _brotli(brotli: Any, lines: Sequence[str]) -> Size:
    return lambda text: len(brotli.compress(_bytes(text), mode=brotli.MODE_TEXT, quality=11))


def _zstd(zstandard: Any, lines: Sequence[str]) -> Size:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        ZSTD_LEVEL,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        write_content_size=False,
        write_checksum=False,
        write_dict_id=False,
    )
    dictionary = _zstd_dictionary(zstandard, lines)
    packer = zstandard.ZstdCompressor(dict_data=dictionary, compression_params=parameters)
    return lambda text: len(packer.compress(_bytes(text)))


def _zstd_dictionary(zstandard: Any, lines: Sequence[str]) -> Any:
    """Return a trained dictionary; where there is too little to train one, the text itself."""
    try:
        return zstandard.train_dictionary(ZSTD_DICTIONARY_BYTES, [_bytes(line) for line in lines])
    except zstandard.ZstdError:
        return zstandard.ZstdCompressionDict(_bytes("\n".join(lines)), dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _ppmd(pyppmd: Any, lines: Sequence[str]) -> Size:
    """Return by how much the code of all training lines grows when the text, closed by a line end, follows them."""
    primer = _bytes("".join(f"{line}\n" for line in lines))

    def primed_size(text: bytes) -> int:
        encoder = pyppmd.Ppmd8Encoder(PPMD_ORDER, PPMD_MEMORY, pyppmd.PPMD8_RESTORE_METHOD_RESTART)
        return len(encoder.encode(primer + text) + encoder.flush())

    before = primed_size(b"")
    return lambda text: primed_size(_bytes(f"{text}\n")) - before


def _unishox2(unishox2: Any, lines: Sequence[str]) -> Size:
    return lambda text: len(unishox2.compress(text)[0])


def _smaz(smaz: Any, lines: Sequence[str]) -> Size:
    return lambda text: len(smaz.compress(text))


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


BASELINES = (
    Baseline("zlib", "zlib", _zlib),
    Baseline("brotli", "brotli", _brotli),
    Baseline("zstd + dictionary", "zstandard", _zstd),
    Baseline("PPMd primed", "pyppmd", _ppmd, most=100),
    Baseline("unishox2", "unishox2", _unishox2),
    Baseline("smaz", "smaz", _smaz),
)
