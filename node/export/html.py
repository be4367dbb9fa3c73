"""A session as a page that plays by itself: sound, pictures and captions inline, no network, no other file."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from node.common import html_page
from node.common.printable import escaped, printable
from node.export.subtitles import MOST_NAME_LETTERS, one_line
from node.recording.reader import SessionReader
from node.recording.timecode import format_time
from node.recording.typed_lines import RecordedLine

if TYPE_CHECKING:
    from PIL import Image

# Of a picture: one of 256 x 256 takes some 12 kB, and 90 kB as PNG.
JPEG_QUALITY = 88

BODY = """<p class="pale">{subtitle}</p>
<main id="people"></main>
<p id="subtitles" aria-live="off"></p>
<div id="controls">
<button type="button" id="toggle">Play</button>
<input type="range" id="position" min="0" max="1" step="0.1" value="0" aria-label="Position">
<span id="time"></span>
<label>Speed <select id="speed"><option>0.5</option><option>0.75</option><option selected>1</option>
<option>1.25</option><option>1.5</option><option>2</option></select></label>
<label><input type="checkbox" id="loop"> Loop</label>
</div>
<audio id="sound" preload="auto" src="{sound}"></audio>
<h2>What was said, with and without pictures, and typed</h2>
<ol id="words"></ol>
<p class="pale"><kbd>Space</kbd> plays and pauses, <kbd>←</kbd> and <kbd>→</kbd> go five seconds.</p>
<script type="application/json" id="session">{session}</script>
<script>{script}</script>
"""


@dataclass(slots=True)
class PageEvents:
    """What a page shows: each person's spans of being present, and the changes of captions and pictures."""

    people: list[str] = field(default_factory=list)
    present: list[list[tuple[float, float]]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    typed: list[dict[str, Any]] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)

    def add(self, at: float, who: int, words: str, image: Image.Image | None) -> None:
        """Add a change of person `who`'s picture at `at` seconds, not before earlier changes."""
        number = None if image is None else self._number(image)
        self.events.append({"at": round(at, 3), "who": who, "words": words, "image": number})

    def type(self, at: float, name: str, line: RecordedLine) -> None:
        """Add a line that was typed or spoken from `at` seconds on, not before earlier ones."""
        spoken = {"until": round(max(at, 0.0) + line.shown_s, 3)} if line.spoken_s else {}
        self.typed.append({"at": round(max(at, 0.0), 3), "name": name, "text": line.text, **spoken})

    def _number(self, image: Image.Image) -> int:
        coded = io.BytesIO()
        image.convert("RGB").save(coded, "JPEG", quality=JPEG_QUALITY)
        data = coded.getvalue()
        if (number := self._known.get(data)) is None:
            number = self._known[data] = len(self.images)
            self.images.append(html_page.data_uri("image/jpeg", data))
        return number


def render_page(title: str, subtitle: str, seconds: float, events: PageEvents, ogg: bytes) -> str:
    """Render the page; `ogg` is the sound, an Ogg Opus file."""
    style, script = _resource("page.css"), _resource("page.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; media-src data:; "
        f"style-src '{html_page.source_hash(style)}'; script-src '{html_page.source_hash(script)}'"
    )
    people: Sequence[Mapping[str, Any]] = [
        {"name": name, "here": present} for name, present in zip(events.people, events.present, strict=True)
    ]
    session = {
        "seconds": round(seconds, 3),
        "people": people,
        "events": events.events,
        "images": events.images,
        "typed": events.typed,
    }
    body = BODY.format(
        subtitle=html.escape(subtitle),
        script=script,
        sound=html_page.data_uri("audio/ogg", ogg),
        session=_inert(escaped(json.dumps(session, ensure_ascii=False))),
    )
    return html_page.page(html.escape(printable(title)), policy, style, body)


def headline(session: SessionReader, names: list[str], seconds: float, utc: bool = False) -> tuple[str, str]:
    """Return a page's title, and the line below it; with `utc` the same line wherever it is made."""
    shown = [one_line(name, MOST_NAME_LETTERS) for name in names]
    title = " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]])) or "A recorded call"
    when = datetime.fromtimestamp(session.header.started_ns / 1e9, UTC)
    began = f"{when:%d %B %Y, %H:%M} UTC" if utc else f"{when.astimezone():%d %B %Y, %H:%M}"
    return title, f"{began}, {format_time(seconds)} long. Pictures were sent as words and painted again."


def _inert(text: str) -> str:
    """Escape JSON so that it can neither end its element nor begin a comment or another script."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _resource(name: str) -> str:
    return resources.files("node.export").joinpath(name).read_text(encoding="utf-8")
