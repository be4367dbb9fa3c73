"""Which codebook a caption codec codes with, as hellos and session logs name it: two nodes see whether theirs agree."""

from __future__ import annotations

from dataclasses import dataclass

from protocol import envelope

__all__ = ["HASH_BYTES", "CodebookId"]

# Enough to know a wrong codebook from the right one. There is no gain in forging it: a node that lies here gets
# captions that it cannot read.
HASH_BYTES = 4
_ID_BITS = 16


@dataclass(frozen=True, slots=True)
class CodebookId:
    """A codebook's number and the first bytes of the SHA-256 of its file."""

    id: int
    hash: bytes

    def __post_init__(self) -> None:
        envelope.bounded_int("codebook", self.id, _ID_BITS)
        envelope.bounded_bytes("codebook hash", self.hash, HASH_BYTES)
        if len(self.hash) != HASH_BYTES:
            raise ValueError(f"a codebook hash of {len(self.hash)} bytes, not {HASH_BYTES}")
