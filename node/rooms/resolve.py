"""Rooms as users give them: a link, twelve words, a saved name or a passphrase, resolved to the room's secret.

The twelve words are BIP-39's, from its English list, of which the first four letters tell each word; 128 bits and a
checksum of four: https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.common import secret_input
from node.rooms import store
from protocol import passphrase
from protocol.audience.audience_link import is_audience_link
from protocol.errors import NodeError, UsageError
from protocol.room_link import RoomLink, is_link
from protocol.room_secret import RoomSecret

if TYPE_CHECKING:
    from mnemonic import Mnemonic

    from node.common.config import Settings

# Given as the room: ask for it.
PROMPT = "-"

# What the prompt asks for.
WHAT = "room (link, words, name or passphrase)"

IN_THE_OPEN = (
    "others on this machine can see the room's secret among the running commands: keep it with "
    "pictophone room save NAME and give the name, or give - to be asked for it"
)

WORDS = 12

# Words of the list that make a text of twelve words a mnemonic. A passphrase of twelve has fewer: the list has 2,048
# words, none of them "the" or "is".
MIN_LISTED_WORDS = 9

# Guesses, as a power of ten, that zxcvbn (Wheeler, USENIX Security 2016) thinks a passphrase takes. At 0.4 s and
# 256 MiB each they take one computer a million years, and a thousand of them a thousand.
MIN_GUESSES_LOG10 = 14.0

# Characters that zxcvbn reads: its time grows faster than their number.
MAX_JUDGED = 72

# Words of our own manual, which a guesser would try first.
OURS = ["pictophone", "treehouse", "room", "call"]


@dataclass(frozen=True, slots=True)
class ResolvedRoom:
    """A room, the broker that its link names, the name it is saved under, and a line that its user should read."""

    secret: RoomSecret
    broker: str | None = field(default=None, repr=False)
    name: str | None = None
    note: str | None = None

    @property
    def shown(self) -> str:
        """The name that it is saved under, or the first part of its topics: nothing secret."""
        return self.name or self.secret.room_id()


def resolve(text: str | None, settings: Settings) -> ResolvedRoom:
    """Return the room that `text` names: a link, its words, a saved name, a passphrase, or `-` to be asked.

    Without a text it is the one of the settings: the first line of `room_file`, else `room`. Raises UsageError or
    NodeError, neither of which repeats a secret. From now on the process leaves no core.
    """
    secret_input.forbid_core_dumps()
    if text is not None and settings.by_flag("room_file"):
        raise UsageError("give the room or --room-file, not both")
    if text is not None and text != PROMPT:
        room = _read(text)
        return room if room.name else replace(room, note=IN_THE_OPEN)
    return _read(secret_input.ask(WHAT) if text == PROMPT else _from(settings))


def _from(settings: Settings) -> str:
    if settings.room_file is not None and settings.prefers("room_file", "room"):
        return secret_input.read_line(settings.room_file, "the room")
    if settings.room is None:
        raise UsageError(f"which room? Name one, or give a link; {store.saved()}")
    return secret_input.ask(WHAT) if settings.room == PROMPT else settings.room


def _read(text: str) -> ResolvedRoom:
    if is_link(text):
        try:
            link = RoomLink.parse(text)
        except ValueError as error:
            raise UsageError(str(error)) from None
        return ResolvedRoom(link.secret, link.broker)
    if is_audience_link(text):
        raise UsageError("this is the link of an audience, which is heard by: pictophone listen LINK")
    if store.is_name(text) and (saved := store.find(text)) is not None:
        return ResolvedRoom(saved.secret, saved.broker, text.lower())
    if looks_like_mnemonic(text):
        return ResolvedRoom(from_mnemonic(text))
    check_strength(text)
    try:
        return ResolvedRoom(passphrase.secret_of(text))
    except MemoryError:
        raise NodeError(
            f"a passphrase takes {passphrase.MEMORY_KIB >> 10} MiB of memory: use the room's link"
        ) from None


# -- passphrases


def check_strength(text: str) -> None:
    """Raise UsageError, which repeats nothing of it, if the passphrase is too easy to guess."""
    from zxcvbn import zxcvbn

    judged = passphrase.normal_form(text)[:MAX_JUDGED]
    if judged and zxcvbn(judged, user_inputs=OURS)["guesses_log10"] >= MIN_GUESSES_LOG10:
        return
    raise UsageError(
        "this is no saved room, and too easy to guess for a passphrase, which takes four or more words that do not "
        f"belong together; {store.saved()}"
    )


# -- twelve words


def looks_like_mnemonic(text: str) -> bool:
    """Tell whether the text is meant to be the words of a room, a slip or three allowed."""
    words = text.lower().split()
    if len(words) != WORDS:
        return False
    known = set(_mnemonic().wordlist)
    return sum(word in known for word in words) >= MIN_LISTED_WORDS


def to_mnemonic(secret: RoomSecret) -> str:
    """Return the twelve words of a secret, with spaces between."""
    return _mnemonic().to_mnemonic(secret.reveal())


def from_mnemonic(text: str) -> RoomSecret:
    """Return the secret of twelve words. Raises UsageError, which repeats none of them, if they are not a room's."""
    words, known = text.lower().split(), set(_mnemonic().wordlist)
    for position, word in enumerate(words, 1):
        if word not in known:
            raise UsageError(
                f"word {position} of the room's words is not in the list that they come from; compare it again"
            )
    try:
        return RoomSecret(bytes(_mnemonic().to_entropy(words)))
    except (ValueError, LookupError):
        raise UsageError(f"the room's {WORDS} words do not belong together; compare them and their order") from None


@functools.cache
def _mnemonic() -> Mnemonic:
    from mnemonic import Mnemonic

    return Mnemonic("english")
