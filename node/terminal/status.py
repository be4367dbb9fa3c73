"""A call's status in the terminal: a live table, or plain lines where the output is no terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from node.common import output
from node.common.notes import NotePace
from node.common.printable import printable
from node.common.qr_code import draw_blocks
from node.vision.stats import RAW_SIDE

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    from node.call.node import Node
    from node.call.stats import CallStats
    from node.speech.level_meter import LevelMeter
    from node.vision.stats import PicturesOut

# Between two plain lines, in seconds: a log should show that the call lives without drowning the events in it.
PLAIN_EVERY_S = 5.0

MAX_CAPTION_SHOWN = 70

# After a peer came, a link came up, or the broker came back: ICE, DTLS and the hand-shakes are over by then.
SETTLING_S = 3.0

# The meter's left end: a quiet room.
QUIETEST_DBFS = -60.0

# The meter's right end: speech this loud is clipped now and then.
LOUDEST_DBFS = -6.0

BARS = 10


@dataclass(slots=True)
class View:
    """A read-only view of one node for the display."""

    name: str
    count: Callable[[], CallStats]
    peers: Callable[[], Sequence[str]]
    delay_ms: Callable[[], float | None]
    muted: Callable[[], bool] = lambda: False
    _last: tuple[float, int] = field(default=(0.0, 0))
    _made: tuple[object, ...] = ()
    _settles_at: float = 0.0

    def on_the_wire(self, now: float) -> str:
        """Return the rate of all that the node sent since the last call, headers too, or that it is setting up.

        Set-up is a burst of 20 kB: a rate over the second in which it came would be read as that of the call.
        """
        tally = self.count()
        sent = tally.meter.total("sent")
        then, before = self._last if self._last[0] else (tally.started, 0)
        self._last = (now, sent)
        made = (len(self.peers()), tally.setup_ms, tally.calls_again, tally.broker_again)
        if made != self._made:
            self._made, self._settles_at = made, now + SETTLING_S
        if now < self._settles_at:
            return f"setting up, {sent / 1000:.1f} kB in all"
        return f"{(sent - before) * 8 / 1000 / max(now - then, 1e-9):.1f} kbit/s"


class Display(Protocol):
    """A display of a call; `note` adds a line about an event, `draw` a drawing of blocks where it is a terminal."""

    def note(self, text: str) -> None: ...

    def draw(self, lines: Sequence[str]) -> None: ...

    def refresh(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LiveTable:
    """A table that is drawn again at each refresh."""

    def __init__(self, views: Sequence[View], console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._views = views
        self._console = console
        self._pace = NotePace(clock)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(self._table(), console=self._console, auto_refresh=False)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._print(self._pace.due(at_end=True))
            self._live.update(self._table(), refresh=True)
            self._live.stop()

    def note(self, text: str) -> None:
        self._print(self._pace.take(text))

    def draw(self, lines: Sequence[str]) -> None:
        draw_blocks(self._console, lines)

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._console.print(_text(line))

    def refresh(self) -> None:
        self._print(self._pace.due())
        if self._live is not None:
            self._live.update(self._table(), refresh=True)

    def _table(self) -> Table:
        from rich.table import Table

        table = Table(title="pictophone", title_justify="left", expand=False)
        table.add_column("")
        for view in self._views:
            table.add_column(_text(view.name), min_width=30, overflow="fold")
        columns = [_rows(view, time.monotonic()) for view in self._views]
        for cells in zip(*columns, strict=True):
            table.add_row(_text(cells[0][0]), *(_text(value) for _, value in cells))
        return table


class PlainLines:
    """A line for each node every few seconds, for logs and pipes."""

    def __init__(
        self,
        views: Sequence[View],
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._views = views
        self._write = write
        self._clock = clock
        self._pace = NotePace(clock)
        self._next = clock() + PLAIN_EVERY_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._print(self._pace.due(at_end=True))

    def note(self, text: str) -> None:
        self._print(self._pace.take(text))

    def draw(self, lines: Sequence[str]) -> None:
        """Leave it out: a log has no use for it."""

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._write(printable(line))

    def refresh(self) -> None:
        now = self._clock()
        self._print(self._pace.due())
        if now < self._next:
            return
        self._next = now + PLAIN_EVERY_S
        for view in self._views:
            facts = ", ".join(f"{name} {value}" for name, value in _rows(view, now) if value != "-")
            self._print([f"{view.name}: {facts}"])


def _text(text: str) -> Text:
    """Return the text as it is: no markup is read in it."""
    from rich.text import Text

    return Text(printable(text))


def _rows(view: View, now: float) -> list[tuple[str, str]]:
    tally = view.count()
    into, pictures_in, pictures_out = tally.speech_in, tally.pictures_in, tally.pictures_out
    lost = 100 * into.lost / max(1, into.lost + into.received)
    picture_bps = pictures_out.wire_bytes * 8 / tally.seconds(now)
    return [
        ("here", ", ".join(view.peers()) or "nobody yet"),
        ("speech", _kbps(tally.speech_payload_kbps(), tally.speech_wire_kbps())),
        ("all on the wire", view.on_the_wire(now)),
        ("level", _levels(tally.sent_level, tally.received_level, view.muted())),
        ("loss", f"{lost:.1f} %"),
        ("mouth to ear", _milliseconds(view.delay_ms())),
        ("says", _caption(pictures_out.last_caption)),
        ("in", f"{pictures_out.last_bits} bits" if pictures_out.sent else "-"),
        ("pictures", f"{pictures_out.sent} sent, {pictures_in.painted} painted"),
        ("pictures on the wire", f"{picture_bps:.0f} bit/s" if pictures_out.sent else "-"),
        (f"ratio to {RAW_SIDE}x{RAW_SIDE} raw", _ratios(pictures_out)),
        ("sees", _caption(pictures_in.last_caption)),
    ]


def _kbps(payload: float | None, wire: float | None) -> str:
    if payload is None or wire is None:
        return "-"
    return f"{payload:.1f} kbit/s, {wire:.1f} on the wire"


def _ratios(pictures: PicturesOut) -> str:
    words, wire = pictures.ratio, pictures.wire_ratio
    if words is None or wire is None or words < 1:
        return "-"
    return f"{words:,.0f}:1 in words, {wire:,.0f}:1 on the wire"


def _levels(sent: LevelMeter, received: LevelMeter, muted: bool) -> str:
    """Return the levels of the speech sent and received; a side without any yet is left out."""
    sides = [f"out {'muted' if muted else bar(sent)}"] if muted or sent.started else []
    return "  ".join([*sides, *([f"in {bar(received)}"] if received.started else [])]) or "-"


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"


def bar(level: LevelMeter) -> str:
    """Return the level as a row of boxes, full from the left."""
    share = (level.shown_dbfs - QUIETEST_DBFS) / (LOUDEST_DBFS - QUIETEST_DBFS)
    full = round(min(max(share, 0.0), 1.0) * BARS)
    return "▮" * full + "▯" * (BARS - full)


def _caption(text: str) -> str:
    if not text:
        return "-"
    text = printable(text)
    return text if len(text) <= MAX_CAPTION_SHOWN else text[: MAX_CAPTION_SHOWN - 1] + "…"


def choose(views: Sequence[View], quiet: bool) -> Display:
    """Return a live table on a terminal, else plain lines; on standard error if standard output is for a program."""
    console = output.console(on_error=quiet)
    if console.is_terminal:
        return LiveTable(views, console)
    return PlainLines(views, output.writer(on_error=quiet))


class BufferedNotes:
    """A buffer of notes until there is a display, which gets them and all later ones."""

    def __init__(self) -> None:
        self._early: list[str] = []
        self._display: Display | None = None

    def __call__(self, text: str) -> None:
        if self._display is None:
            self._early.append(text)
        else:
            self._display.note(text)

    def draw(self, lines: Sequence[str]) -> None:
        """Have the display, if there is one, draw these lines of light blocks where it is a terminal."""
        if self._display is not None:
            self._display.draw(lines)

    def to(self, display: Display) -> None:
        """Pass the notes so far, and all later ones, to this display."""
        self._display = display
        for text in self._early:
            display.note(text)
        self._early.clear()


def view(node: Node) -> View:
    """Return what the display shows of a node."""
    return View(node.name, node.count, node.peers, node.delay_ms, lambda: node.muted)
