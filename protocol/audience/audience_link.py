"""An audience as one link: `pictophone-audience:7KQ2M-...@broker.example.org`.

    code     85 characters in seventeen groups of five: since (24 bits), the secret of that epoch (128 bits), the
             SHA-256 of the speaker's public key (256 bits), and a checksum of 17 bits
    @broker  where the stage speaks; may be missing

It is spelt as a room's link is, in Crockford's base32, and a room's link is none of an audience's: other scheme, other
length, other checksum. `since` is the hour, counted from 1970, from which on the link opens what the stage says.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Final

from protocol.room_link import MAX_BROKER

__all__ = ["AUDIENCE_SCHEME", "SECRET_BYTES", "AudienceLink", "is_audience_link"]

AUDIENCE_SCHEME: Final = "pictophone-audience:"
SECRET_BYTES: Final = 16
# A SHA-256: whoever wants to pass for the speaker has to find another key with the same one.
SPEAKER_BYTES: Final = 32
# Hours since 1970 fit until the year 3885.
SINCE_BITS: Final = 24
# 40 bits, as a room's: two audiences of one broker meet by chance only among a million.
_ID_LENGTH = 8

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_GROUPS, _GROUP = 17, 5
_CHARACTERS = _GROUPS * _GROUP
_CONTENT_BYTES = SINCE_BITS // 8 + SECRET_BYTES + SPEAKER_BYTES
_CHECK_BITS = _CHARACTERS * 5 - _CONTENT_BYTES * 8
_CHECK_DOMAIN = b"pictophone audience link 0\0"
_ID_DOMAIN = b"pictophone audience 0\0"


def is_audience_link(text: str) -> bool:
    """Tell whether `text` is meant as the link of an audience, well spelt or not."""
    return text.strip().lower().startswith(AUDIENCE_SCHEME)


@dataclass(frozen=True, slots=True)
class AudienceLink:
    """The content of a link. Neither secret nor broker, which may hold a password, shows in its `repr`."""

    since: int
    secret: bytes = field(repr=False)
    speaker: bytes = field(repr=False)
    broker: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.since < 1 << SINCE_BITS:
            raise ValueError("the link's hour is none")
        if len(self.secret) != SECRET_BYTES or len(self.speaker) != SPEAKER_BYTES:
            raise ValueError("the link's secret or its speaker has another length")
        if self.broker is not None:
            _check_broker(self.broker)

    @classmethod
    def parse(cls, text: str) -> AudienceLink:
        """Read a link. Raises `ValueError`, whose line for a person repeats nothing of the link."""
        text = text.strip()
        if not is_audience_link(text):
            raise ValueError(f"not the link of an audience, which begins with {AUDIENCE_SCHEME!r}; copy all of it")
        code, at, broker = text[len(AUDIENCE_SCHEME) :].partition("@")
        content = _content(code)
        since, secret = content[: SINCE_BITS // 8], content[SINCE_BITS // 8 : -SPEAKER_BYTES]
        return cls(int.from_bytes(since), secret, content[-SPEAKER_BYTES:], broker if at else None)

    @property
    def audience(self) -> str:
        """The first part of the topics, which reveals nothing of the secret."""
        return base64.b32encode(hashlib.sha256(_ID_DOMAIN + self.speaker).digest()).decode().lower()[:_ID_LENGTH]

    def reveal(self) -> str:
        """Return the link: for what the user asked to keep or to share."""
        content = self.since.to_bytes(SINCE_BITS // 8) + self.secret + self.speaker
        number = int.from_bytes(content) << _CHECK_BITS | _checksum(content)
        spelt = "".join(_ALPHABET[number >> 5 * position & 31] for position in reversed(range(_CHARACTERS)))
        code = "-".join(spelt[begin : begin + _GROUP] for begin in range(0, _CHARACTERS, _GROUP))
        return f"{AUDIENCE_SCHEME}{code}" + ("" if self.broker is None else f"@{self.broker}")


def _content(code: str) -> bytes:
    characters = [character for character in code.upper() if character != "-" and not character.isspace()]
    for position, character in enumerate(characters, 1):
        if character not in _VALUES:
            raise ValueError(f"character {position} of the audience's link is none that links have; copy it again")
    if len(characters) != _CHARACTERS:
        raise ValueError(
            f"an audience's link has {_CHARACTERS} letters and digits, not {len(characters)}; copy all of it"
        )
    number = 0
    for character in characters:
        number = number << 5 | _VALUES[character]
    content = (number >> _CHECK_BITS).to_bytes(_CONTENT_BYTES)
    if number & ((1 << _CHECK_BITS) - 1) != _checksum(content):
        raise ValueError(f"a letter or digit of the audience's link is wrong; compare its {_GROUPS} groups")
    return content


def _checksum(content: bytes) -> int:
    digest = hashlib.sha256(_CHECK_DOMAIN + content).digest()
    return int.from_bytes(digest) >> len(digest) * 8 - _CHECK_BITS


def _check_broker(broker: str) -> None:
    if not 0 < len(broker) <= MAX_BROKER or not all("!" <= character <= "~" for character in broker):
        raise ValueError("what follows '@' in the link is no broker: a host, a host:port, or a URL")
