"""Which codebook a caption codec codes with: what a hello tells of it, so that two nodes see whether theirs agree."""

from __future__ import annotations

from dataclasses import dataclass

from protocol import envelope

__all__ = ["HASH_BYTES", "Codebook"]

# Tells a wrong codebook from the right one, which nobody forges: a node that lies here gets captions it cannot read.
HASH_BYTES = 4
_ID_BITS = 16


@dataclass(frozen=True, slots=True)
class Codebook:
    """A codebook's number and the first bytes of the SHA-256 of its file."""

    id: int
    hash: bytes

    def __post_init__(self) -> None:
        envelope.bounded_int("codebook", self.id, _ID_BITS)
        envelope.bounded_bytes("codebook hash", self.hash, HASH_BYTES)
        if len(self.hash) != HASH_BYTES:
            raise ValueError(f"a codebook hash of {len(self.hash)} bytes, not {HASH_BYTES}")
