"""A room's secret as twelve words: BIP-39's English list, of which the first four letters tell each word.

https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki: 128 bits and a checksum of four.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from protocol.errors import UsageError
from protocol.room_secret import RoomSecret

if TYPE_CHECKING:
    from mnemonic import Mnemonic

WORDS = 12
# Of twelve words of a passphrase, fewer than this are in the list: it has 2,048 words, none of them "the" or "is".
MEANT = 9


def looks_like_mnemonic(text: str) -> bool:
    """Whether the text means to be the words of a room, a slip or three allowed."""
    words = text.lower().split()
    if len(words) != WORDS:
        return False
    known = set(_list().wordlist)
    return sum(word in known for word in words) >= MEANT


def to_mnemonic(secret: RoomSecret) -> str:
    """The twelve words, with spaces between."""
    return _list().to_mnemonic(secret.reveal())


def from_mnemonic(text: str) -> RoomSecret:
    """The secret of twelve words. Raises UsageError, which repeats none of them, if they are not a room's."""
    words, known = text.lower().split(), set(_list().wordlist)
    for place, word in enumerate(words, 1):
        if word not in known:
            raise UsageError(
                f"word {place} of the room's words is not in the list that they come from; compare it again"
            )
    try:
        return RoomSecret(bytes(_list().to_entropy(words)))
    except (ValueError, LookupError):
        raise UsageError(f"the room's {WORDS} words do not belong together; compare them and their order") from None


@functools.cache
def _list() -> Mnemonic:
    from mnemonic import Mnemonic

    return Mnemonic("english")
