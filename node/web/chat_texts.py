"""The lines of a call's chat, or of a recording's, as the page shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from node.common.printable import printable

if TYPE_CHECKING:
    from node.call.observers import ChatLine
    from node.web.event_stream import EventStream

# Lines shown: an evening's worth.
MAX_TEXTS = 200

# Of a request to say a line: 500 characters, each of which JSON may write as twelve.
MAX_REQUEST = 8 << 10

Json: TypeAlias = dict[str, Any]


class LineChannel(Protocol):
    """What the page says lines by (see `node.call.chat.Chat`)."""

    @property
    def is_behind(self) -> bool: ...

    async def say(self, text: str) -> ChatLine:
        """Send a line to everyone in the room. Raises UsageError for none, and for one that is too long."""


class ChatTexts:
    """The newest lines, in the order in which they came; each change of one is sent to `events`.

    Of several nodes of one page the lines are those that the node `own` says and gets. `chat` says them, if any does.
    """

    def __init__(self, events: EventStream, own: str | None = None, chat: LineChannel | None = None) -> None:
        self._events, self._own = events, own
        self.chat = chat
        self._texts: dict[str, Json] = {}

    def show(self, line: ChatLine) -> None:
        """Add a line, or replace the one of the same id."""
        if line.mine != (line.author == self._own):
            return
        self._texts[line.id] = text = text_json(line)
        while len(self._texts) > MAX_TEXTS:
            del self._texts[next(iter(self._texts))]
        self._events.send("text", text)

    def forget_after(self, at: float, resend: Callable[[], Json]) -> None:
        """Forget what came later than `at` (Unix time), and send the state anew if there was any: a replay goes back.

        What is kept is then in order of time: a replay may have left some of it out before.
        """
        kept = sorted((text for text in self._texts.values() if text["at"] <= at), key=lambda text: float(text["at"]))
        if len(kept) < len(self._texts):
            self._texts = {text["id"]: text for text in kept}
            self._events.send("state", resend())

    def to_json(self) -> list[Json]:
        """Return the lines as docs/web-api.md specifies them, the newest last."""
        return list(self._texts.values())


def text_json(line: ChatLine) -> Json:
    """Return a line as docs/web-api.md specifies it: its texts are safe to show anywhere."""
    return {
        "id": line.id,
        "from": line.author,
        "name": printable(line.name),
        "mine": line.mine,
        "at": line.at,
        "text": printable(line.text),
        "spoken_s": line.spoken_s or None,
        "have": [printable(name) for name in line.have],
        "waiting": [printable(name) for name in line.waiting],
    }
