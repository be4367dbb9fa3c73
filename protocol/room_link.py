"""A room as one link: `pictophone:7KQ2M-9XW4R-...@broker.example.org`.

    code     30 characters in six groups of five: the room's secret (128 bits) and a checksum of 22 bits
    @broker  where to meet: what a node takes as its broker; may be missing

The code is spelt in Crockford's base32 (https://www.crockford.com/base32.html), made for reading aloud: upper and lower
case are the same, O is read as 0, and I and L as 1. A slip goes unnoticed once in four million. No character of a link
means anything to a shell.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from protocol.room_secret import SECRET_BYTES, RoomSecret

__all__ = ["MAX_BROKER", "SCHEME", "RoomLink", "is_link"]

SCHEME: Final = "pictophone:"
# A host name has at most 253 characters; the rest is for scheme, login and port. Longer ones are no address.
MAX_BROKER: Final = 512

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_GROUPS, _GROUP = 6, 5
_CHARACTERS = _GROUPS * _GROUP
# What 30 characters hold besides the secret.
_CHECK_BITS = _CHARACTERS * 5 - SECRET_BYTES * 8
_CHECK_DOMAIN = b"pictophone room link 0\0"
_CODE = re.compile(rf"[0-9A-Za-z]{{{_GROUP}}}([- ][0-9A-Za-z]{{{_GROUP}}}){{{_GROUPS - 1}}}")


def is_link(text: str) -> bool:
    """Tell whether `text` is meant as a link, well spelt or not, or as the code of one, in its groups."""
    text = text.strip()
    return text.lower().startswith(SCHEME) or _CODE.fullmatch(text.partition("@")[0]) is not None


@dataclass(frozen=True, slots=True)
class RoomLink:
    """The content of a link. Neither the secret nor the broker, which may hold a password, shows in its `repr`."""

    secret: RoomSecret
    broker: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.broker is not None:
            _check_broker(self.broker)

    @classmethod
    def parse(cls, text: str) -> RoomLink:
        """Read a link, or the code of one without `pictophone:`.

        Raises `ValueError`, whose line for a person says what is wrong and repeats nothing of the link.
        """
        text = text.strip()
        if text.lower().startswith(SCHEME):
            text = text[len(SCHEME) :]
        code, at, broker = text.partition("@")
        return cls(_secret(code), broker if at else None)

    def reveal(self) -> str:
        """Return the link: for what the user asked to keep or to share."""
        at_broker = "" if self.broker is None else f"@{self.broker}"
        return f"{SCHEME}{_code(self.secret)}{at_broker}"


def _code(secret: RoomSecret) -> str:
    number = int.from_bytes(secret.reveal()) << _CHECK_BITS | _checksum(secret)
    spelt = "".join(_ALPHABET[number >> 5 * position & 31] for position in reversed(range(_CHARACTERS)))
    return "-".join(spelt[begin : begin + _GROUP] for begin in range(0, _CHARACTERS, _GROUP))


def _secret(code: str) -> RoomSecret:
    characters = [character for character in code.upper() if character != "-" and not character.isspace()]
    number = 0
    for position, character in enumerate(characters, 1):
        if character not in _VALUES:
            raise ValueError(f"character {position} of the room link's code is none that codes have; compare it again")
        number = number << 5 | _VALUES[character]
        if position > _CHARACTERS:
            break
    if len(characters) != _CHARACTERS:
        raise ValueError(
            f"a room link's code has {_CHARACTERS} letters and digits, not {len(characters)}; copy all of it"
        )
    secret = RoomSecret((number >> _CHECK_BITS).to_bytes(SECRET_BYTES))
    if number & ((1 << _CHECK_BITS) - 1) != _checksum(secret):
        raise ValueError(f"a letter or digit of the room link is wrong; compare its {_GROUPS} groups with the original")
    return secret


def _checksum(secret: RoomSecret) -> int:
    digest = hashlib.sha256(_CHECK_DOMAIN + secret.reveal()).digest()
    return int.from_bytes(digest) >> len(digest) * 8 - _CHECK_BITS


def _check_broker(broker: str) -> None:
    if not broker:
        raise ValueError("the room link ends in '@' without a broker; copy all of it, or leave the '@' out")
    if len(broker) > MAX_BROKER or not broker.isascii() or not broker.isprintable() or " " in broker:
        raise ValueError("what follows '@' in the room link is no broker's address; copy the link again")
