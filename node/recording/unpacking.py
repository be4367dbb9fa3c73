"""What is in a chunk, unpacked: with zstd, with lz4, or as it is. A chunk that lies about its size is damaged."""

from __future__ import annotations

import zlib

from node.recording.mcap_records import CHUNK_HEAD
from node.recording.read_budget import MAX_CHUNK_BYTES, ReadBudget
from protocol.errors import LogError

# A decoder's memory, which a frame of zstd asks for: no chunk needs more than is in it.
MAX_WINDOW_BYTES = MAX_CHUNK_BYTES

DAMAGED = "a damaged chunk"
_UNKNOWN_SIZE = -1


def unpack(body: bytes, budget: ReadBudget) -> bytes:
    """Return a chunk's records. LogError if it is damaged, BudgetError if it is too much, struct.error if short."""
    _, _, size, crc, name_bytes = CHUNK_HEAD.unpack_from(body)
    at = CHUNK_HEAD.size
    compression, data = body[at : at + name_bytes], body[at + name_bytes + 8 :]
    if size > MAX_CHUNK_BYTES:
        raise LogError(f"a damaged chunk, or one of {size:,} bytes, more than {MAX_CHUNK_BYTES:,}")
    budget.take_bytes(size)
    plain = _decompressed(compression, data, size)
    if len(plain) != size or (crc and zlib.crc32(plain) != crc):
        raise LogError(DAMAGED)
    return plain


def _decompressed(compression: bytes, data: bytes, size: int) -> bytes:
    """Return at most one byte more than `size`."""
    match compression:
        case b"zstd":
            return _from_zstd(data, size)
        case b"lz4":
            return _from_lz4(data, size)
        case b"" | b"none":
            return data
    raise LogError("a damaged chunk, or one compressed otherwise than with zstd or lz4")


def _from_zstd(data: bytes, size: int) -> bytes:
    """One frame is unpacked at once, whether it says its size or not; several are unpacked as a stream."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) in {size, _UNKNOWN_SIZE}:
            plain = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
            if len(plain) == size:
                return plain
        unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        with unpacker.stream_reader(data, read_across_frames=True) as stream:
            return stream.read(size + 1)
    except (zstandard.ZstdError, MemoryError):
        raise LogError(DAMAGED) from None


def _from_lz4(data: bytes, size: int) -> bytes:
    import lz4.frame

    unpacker = lz4.frame.LZ4FrameDecompressor()
    try:
        plain: bytes = unpacker.decompress(data, max_length=size + 1)
    except (RuntimeError, MemoryError, EOFError):
        raise LogError(DAMAGED) from None
    return plain
