"""What a call's status says, row by row: its name and its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.common.printable import printable
from node.vision.stats import RAW_SIDE

if TYPE_CHECKING:
    from node.call.stats import CallStats
    from node.speech.level_meter import LevelMeter
    from node.vision.stats import PicturesOut

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
    routes: Callable[[], Mapping[str, str]] = dict[str, str]
    floor: Callable[[], str] | None = None
    _last: tuple[float, int] = field(default=(0.0, 0))
    _made: tuple[object, ...] = ()
    _settles_at: float = 0.0

    def with_route(self, peer: str) -> str:
        """Return a peer's name, and behind it the way of the speech with it, if there is one."""
        route = self.routes().get(peer, "none")
        return peer if route == "none" else f"{peer} ({route})"

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


def rows(view: View, now: float) -> list[tuple[str, str]]:
    """Return the rows of a node at this time."""
    tally = view.count()
    into, pictures_in, pictures_out = tally.speech_in, tally.pictures_in, tally.pictures_out
    lost = 100 * into.lost / max(1, into.lost + into.received)
    picture_bps = pictures_out.wire_bytes * 8 / tally.seconds(now)
    return [
        ("here", ", ".join(map(view.with_route, view.peers())) or "nobody yet"),
        ("speech", _kbps(tally.speech_payload_kbps(), tally.speech_wire_kbps())),
        ("all on the wire", view.on_the_wire(now)),
        ("level", _levels(tally.sent_level, tally.received_level, view.muted())),
        *([("floor", view.floor())] if view.floor is not None else []),
        ("loss", f"{lost:.1f} %" if into.lost + into.received else "-"),
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
