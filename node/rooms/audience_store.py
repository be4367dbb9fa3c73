"""The audiences that the user speaks to: a file each in the settings folder, readable by its owner alone.

It holds the speaker's key and the audience's first secret, so that the link stays the same from week to week.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from node.common import config, secret_input
from node.rooms.store import is_name
from protocol.audience.audience_link import SECRET_BYTES, AudienceLink
from protocol.audience.epochs import Chain, epoch_of
from protocol.audience.signing import SEED_BYTES, SpeakerKey
from protocol.errors import NodeError, UsageError

__all__ = ["DEFAULT_NAME", "SavedAudience", "audience_file", "find_or_make", "make"]

DEFAULT_NAME = "audience"
# What the file holds, in what is said to the user.
WHAT = "your audience's key"


@dataclass(frozen=True, slots=True)
class SavedAudience:
    """An audience of this user's: who speaks, and since when which secret opens what is said."""

    name: str
    key: SpeakerKey = field(repr=False)
    since: int = field(repr=False)
    secret: bytes = field(repr=False)

    def chain(self) -> Chain:
        """Return the chain of its epochs' secrets."""
        return Chain(self.since, self.secret)

    def link(self, broker: str, from_epoch: int | None = None) -> AudienceLink:
        """Return its link, or one that opens nothing before an epoch. Raises ValueError for a broker no link can have.

        An epoch before the audience was made is its first.
        """
        since = max(self.since, self.since if from_epoch is None else from_epoch)
        return AudienceLink(since, self.chain().secret_of(since), self.key.digest, broker)


def audience_file(name: str) -> Path:
    """Return where an audience is kept. Raises UsageError for a name that is none."""
    if not is_name(name):  # it may be a link in its place: not repeated
        raise UsageError("an audience cannot be called that: take up to 32 letters a-z, digits, '-' and '_'")
    return config.folder() / "audiences" / f"{name.lower()}.toml"


def find_or_make(name: str, clock_ms: int) -> SavedAudience:
    """Return the audience of this name, which is made if there is none yet. Raises NodeError if it cannot be read."""
    return _read(name) or make(name, clock_ms)


def make(name: str, clock_ms: int) -> SavedAudience:
    """Make an audience with a new key and a new secret, in place of one of this name, whose links are then dead."""
    seed, secret = secrets.token_bytes(SEED_BYTES), secrets.token_bytes(SECRET_BYTES)
    made = SavedAudience(name.lower(), SpeakerKey(seed), epoch_of(clock_ms), secret)
    text = "# An audience of pictophone. Whoever reads this can speak in your name.\n"
    text += f'key = "{seed.hex()}"\nsince = {made.since}\nsecret = "{secret.hex()}"\n'
    secret_input.save(audience_file(name), text, WHAT)
    return made


def _read(name: str) -> SavedAudience | None:
    path = audience_file(name)
    try:
        known = secret_input.load(path, WHAT)
        if known is None:
            return None
        key, secret = SpeakerKey(bytes.fromhex(known["key"])), bytes.fromhex(known["secret"])
        AudienceLink(known["since"], secret, key.digest)  # which checks both
        return SavedAudience(name.lower(), key, known["since"], secret)
    except (ValueError, KeyError, TypeError):  # whose text may quote a key
        raise NodeError(f"{WHAT} in {str(path)!r} cannot be read: mend the file, or make a new one by --new") from None
