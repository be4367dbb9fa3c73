"""From a passphrase that friends agree on to the secret of their room.

Argon2id (RFC 9106) makes each guess cost what one call costs. The salt is fixed and public, since friends share nothing
but the words: the words alone must be beyond guessing, which a program that accepts words of a person's has to check.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from protocol.room_secret import SECRET_BYTES, RoomSecret

__all__ = ["ITERATIONS", "LANES", "MEMORY_KIB", "SALT", "normal_form", "secret_of"]

# Changing any of these makes other rooms of the same words: they belong to version 0 of the protocol.
SALT: Final = b"pictophone passphrase 0"
# Between the two settings that RFC 9106, section 4, recommends: 0.4 s and 256 MiB, once a call, on a small computer.
ITERATIONS: Final = 3
LANES: Final = 4
MEMORY_KIB: Final = 256 * 1024


def normal_form(passphrase: str) -> str:
    """Return the passphrase as it is hashed: NFKC, case folded, single spaces. Spoken words have no capitals."""
    folded = unicodedata.normalize("NFKC", passphrase).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def secret_of(passphrase: str) -> RoomSecret:
    """Return the room secret of a passphrase; takes `MEMORY_KIB` of memory and part of a second."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    hasher = Argon2id(salt=SALT, length=SECRET_BYTES, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    return RoomSecret(hasher.derive(normal_form(passphrase).encode(errors="surrogatepass")))
