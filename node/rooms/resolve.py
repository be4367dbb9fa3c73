"""From what a user gives as the room to the room."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.common import secret_input
from node.rooms import store, strength, words
from protocol import passphrase
from protocol.errors import NodeError, UsageError
from protocol.room_link import RoomLink, is_link
from protocol.room_secret import RoomSecret

if TYPE_CHECKING:
    from node.common.config import Settings

PROMPT = "-"  # asks for the room
WHAT = "room (link, words, name or passphrase)"
IN_THE_OPEN = (
    "others on this machine can see the room's secret among the running commands: keep it with "
    "pictophone room save NAME and give the name, or give - to be asked for it"
)


@dataclass(frozen=True, slots=True)
class ResolvedRoom:
    """A room, the broker that its link names, the name it is saved under, and a line that its user should read."""

    secret: RoomSecret
    broker: str | None = field(default=None, repr=False)
    name: str | None = None
    note: str | None = None


def resolve(text: str | None, settings: Settings) -> ResolvedRoom:
    """The room that ``text`` names: a link, its words, the name of a saved room, a passphrase, or ``-`` to be asked.

    Without a text it is the one of the settings: the first line of ``room_file``, else ``room``. Raises UsageError or
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
        raise UsageError("which room? Name one that you have saved, or make one: pictophone room new --save NAME")
    return secret_input.ask(WHAT) if settings.room == PROMPT else settings.room


def _read(text: str) -> ResolvedRoom:
    if is_link(text):
        try:
            link = RoomLink.parse(text)
        except ValueError as error:
            raise UsageError(str(error)) from None
        return ResolvedRoom(link.secret, link.broker)
    if store.is_name(text) and (kept := store.find(text)) is not None:
        return ResolvedRoom(kept.secret, kept.broker, text.lower())
    if words.looks_like_mnemonic(text):
        return ResolvedRoom(words.from_mnemonic(text))
    strength.check(text)
    try:
        return ResolvedRoom(passphrase.secret_of(text))
    except MemoryError:
        raise NodeError(
            f"a passphrase takes {passphrase.MEMORY_KIB >> 10} MiB of memory: use the room's link"
        ) from None
