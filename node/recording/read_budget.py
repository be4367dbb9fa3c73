"""Limits of what is read out of a session's file: enough for any recording, too little to keep a reader busy.

zstd makes 6 kB of 64 MB of zeros, and an empty message costs a reader as much as one of speech. So what a file holds is
bounded by its size. The densest recording there can be is one of silence: ten hours of eight people, whose 2.4 million
packets of 120 ms are all alike, take 5.4 MB and unpack to 294 MB: 54 bytes from a byte, and 2.3 bytes for a record
(`scripts/bench_session.py silence`). One of speech unpacks to 1.3 bytes from a byte, and has a record in 70.
"""

from __future__ import annotations

from protocol.errors import LogError

# Of one chunk, packed or unpacked. A recorder's holds two seconds, other tools' 1 to 4 MB.
MAX_CHUNK_BYTES = 1 << 26

# Of one chunk, all of which is in memory: as many packets as fill `MAX_CHUNK_BYTES`, in 100 MB of memory.
MAX_CHUNK_RECORDS = 1 << 19

# What any file may unpack to, however small it is: a tenth of a second's work.
FREE_BYTES = MAX_CHUNK_BYTES

# Twice what the densest recording unpacks to.
BYTES_FROM_A_BYTE = 128

# Records that any file may have: two seconds' work, and five hours of a call.
FREE_RECORDS = 300_000

# Less than half of what one takes of the densest recording.
BYTES_OF_A_RECORD = 1


class ReadBudget:
    """What may still be read out of a file of `file_bytes` in one pass.

    Every pass through a file has its own: a player seeks as often as it likes.
    """

    def __init__(self, file_bytes: int) -> None:
        self._file_bytes = file_bytes
        self._bytes = self._most_bytes = FREE_BYTES + BYTES_FROM_A_BYTE * file_bytes
        self._records = self._most_records = FREE_RECORDS + file_bytes // BYTES_OF_A_RECORD

    def take_bytes(self, count: int) -> None:
        """Count unpacked bytes. Raises BudgetError if a recording of this size has fewer."""
        self._bytes -= count
        if self._bytes < 0:
            raise self._exceeded(f"{self._most_bytes:,} bytes")

    def take_records(self, count: int = 1) -> None:
        """Count records. Raises BudgetError if a recording of this size has fewer."""
        self._records -= count
        if self._records < 0:
            raise self._exceeded(f"{self._most_records:,} records")

    def _exceeded(self, what: str) -> BudgetError:
        return BudgetError(
            f"no recording holds so much: more than {what} in a file of {self._file_bytes:,} bytes, "
            "made to keep a reader busy"
        )


class BudgetError(LogError):
    """A file holds more than a recording can: nothing more is read of it."""
