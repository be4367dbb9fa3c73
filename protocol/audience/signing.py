"""The speaker's key: all who have the link can seal, only the speaker can sign (Ed25519, RFC 8032)."""

from __future__ import annotations

import hashlib
from typing import Final, final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocol.errors import SealError, SignatureError

__all__ = ["PUBLIC_KEY_BYTES", "SEED_BYTES", "SIGNATURE_BYTES", "SpeakerKey", "SpeakerName"]

PUBLIC_KEY_BYTES: Final = 32
SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_DOMAIN = b"pictophone audience 0\0"


@final
class SpeakerKey:
    """What only the speaker has; it does not show itself."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        """Make the key of `SEED_BYTES` bytes from the system's random source; `ValueError` if there are not as many."""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a speaker's key is {SEED_BYTES} bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    @property
    def digest(self) -> bytes:
        """What a link names the speaker by: the SHA-256 of the public key."""
        return hashlib.sha256(self.public).digest()

    def sign(self, topic: str, content: bytes) -> bytes:
        """Return the signature of what is said on a topic."""
        return self._key.sign(_signed(topic, content))


class SpeakerName:
    """The speaker as its listeners know it: by the digest in the link, and by the key that has this digest."""

    def __init__(self, digest: bytes) -> None:
        self._digest = digest
        self._key: Ed25519PublicKey | None = None

    def meet(self, public: bytes) -> bool:
        """Take the key, and tell whether it is the one that the link names."""
        if hashlib.sha256(public).digest() != self._digest:
            return False
        if self._key is None:
            self._key = Ed25519PublicKey.from_public_bytes(public)
        return True

    def check(self, topic: str, content: bytes, signature: bytes) -> None:
        """Raise `SignatureError` unless the speaker signed this for this topic."""
        if self._key is None:
            raise SealError("comes before any announcement of its speaker")
        try:
            self._key.verify(signature, _signed(topic, content))
        except InvalidSignature:
            raise SignatureError("opens, and is not signed by the speaker: somebody with the link made it") from None


def _signed(topic: str, content: bytes) -> bytes:
    return _DOMAIN + topic.encode() + b"\0" + content
