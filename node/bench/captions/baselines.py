"""Compressors of others, set beside our codecs. Each is a package of the extra `baselines`, and is only ever measured.

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
ZSTD_DICTIONARY_BYTES = 112_640  # zstd's own default
PPMD_ORDER = 6  # the best of 5, 6 and 8 on COCO captions, primed with a few megabytes of others
PPMD_MEMORY = 256 << 20  # more than the model of any training text takes, so that it is never cut


@dataclass(frozen=True, slots=True)
class Baseline:
    """A compressor: ``learn`` makes it of training lines and its package's module, which is None for none.

    Of many texts only ``most`` are measured, spread evenly, where it learns all anew for each; None for all of them.
    """

    name: str
    package: str
    learn: Callable[[Any, Sequence[str]], Size]
    most: int | None = None

    def ready(self, lines: Sequence[str]) -> Size | None:
        """The compressor, having learned the lines; None if its package is not installed."""
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
    """A trained dictionary; where there is too little to train one, the text itself."""
    try:
        return zstandard.train_dictionary(ZSTD_DICTIONARY_BYTES, [_bytes(line) for line in lines])
    except zstandard.ZstdError:
        return zstandard.ZstdCompressionDict(_bytes("\n".join(lines)), dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _ppmd(pyppmd: Any, lines: Sequence[str]) -> Size:
    """What the code of all the training lines grows by when the text, closed by a line end, comes after them."""
    primer = _bytes("".join(f"{line}\n" for line in lines))

    def whole(text: bytes) -> int:
        encoder = pyppmd.Ppmd8Encoder(PPMD_ORDER, PPMD_MEMORY, pyppmd.PPMD8_RESTORE_METHOD_RESTART)
        return len(encoder.encode(primer + text) + encoder.flush())

    before = whole(b"")
    return lambda text: whole(_bytes(f"{text}\n")) - before


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
