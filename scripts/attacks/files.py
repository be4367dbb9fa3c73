"""Recordings of strangers that are made to keep whoever looks at them busy."""

from __future__ import annotations

import asyncio
import io
import resource
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import zstandard

from node.recording.writer import SessionWriter
from protocol.log import Header

MAGIC = b"\x89MCAP0\r\n"
FOOTER, MESSAGE, CHUNK, CHUNK_INDEX = 2, 5, 6, 8  # kinds of records
CHANNEL = 2  # of a recording: any but the first, which is its header's
MESSAGES = 1_460_000
BOMBS, BOMB_BYTES = 200, 100_000_000
ENTRIES = 100_000
PACKED = 12  # zstd's level: a hundred thousandth of what says nothing
MOST_CPU_S = 15.0  # of which three are the program's start on a slow machine
PATIENCE_S = 90.0
MOST_LINES = 40


async def recordings() -> tuple[bool, str]:
    """`session info` of a million messages in 6 kB, of 200 zip bombs, of 100,000 index entries for one chunk"""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (("messages", many_messages), ("zip bombs", zip_bombs), ("index entries", many_entries)):
            path = Path(folder) / f"{name.replace(' ', '-')}.mcap"
            path.write_bytes(await asyncio.to_thread(make))
            found.append((name, path.stat().st_size, *await asyncio.to_thread(_look_at, path)))
    told = ", ".join(f"{name} in {size / 1000:.0f} kB: {cpu:.1f} s, {line}" for name, size, cpu, _, line in found)
    return all(ok and cpu < MOST_CPU_S for _, _, cpu, ok, _ in found), told


def _look_at(path: Path) -> tuple[float, bool, str]:
    """Seconds of a processor that it takes, whether it ended as it should, and its last line."""
    before = _children_cpu()
    command = [sys.executable, "-m", "node", "session", "info", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return PATIENCE_S, False, "it never ended"
    lines = (done.stdout + done.stderr).strip().splitlines() or [""]
    ok = done.returncode in (0, 1) and "Traceback" not in done.stderr and len(lines) <= MOST_LINES
    return _children_cpu() - before, ok, lines[-1].strip()[:100]


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def many_messages() -> bytes:
    """One chunk of a million and a half of the same message."""
    message = _record(MESSAGE, struct.pack("<HIQQ", CHANNEL, 0, 0, 0))
    return _file(_chunk(message * MESSAGES))


def zip_bombs() -> bytes:
    """Chunks that are small and would be 20 GB of large messages."""
    message = _record(MESSAGE, struct.pack("<HIQQ", CHANNEL, 0, 0, 0) + bytes(BOMB_BYTES // 100))
    return _file(_chunk(message * 100) * BOMBS)


def many_entries() -> bytes:
    """An index that names one chunk again and again."""
    chunk = _chunk(_record(MESSAGE, struct.pack("<HIQQ", CHANNEL, 0, 0, 0)) * 1000)
    entry = struct.pack("<QQQQIQ", 0, 1, len(_beginning()), len(chunk), 0, 0) + _text("zstd") + struct.pack("<QQ", 1, 1)
    return _file(chunk, _record(CHUNK_INDEX, entry) * ENTRIES)


def _beginning() -> bytes:
    """An honest recording of nothing, without its end."""
    stream = io.BytesIO()
    SessionWriter(stream, Header(node="ann", name="Ann", program="pictophone"))
    return stream.getvalue()


def _chunk(records: bytes) -> bytes:
    packed = zstandard.ZstdCompressor(level=PACKED).compress(records)
    head = struct.pack("<QQQI", 0, 1, len(records), 0) + _text("zstd")
    return _record(CHUNK, head + struct.pack("<Q", len(packed)) + packed)


def _file(data: bytes, summary: bytes = b"") -> bytes:
    start = len(_beginning()) + len(data) if summary else 0
    return _beginning() + data + summary + _record(FOOTER, struct.pack("<QQI", start, 0, 0)) + MAGIC


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<BQ", kind, len(body)) + body


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode()


ATTACKS = (("recordings that are made to take long", recordings),)
