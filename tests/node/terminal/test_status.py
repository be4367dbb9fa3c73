"""What a call looks like: plain lines on a clock of the test's own, and the table on a console of paper."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from node.call.stats import CallStats
from node.common.console import TextConsole
from node.speech.level_meter import LevelMeter
from node.terminal import status, status_rows
from node.terminal.status import PLAIN_EVERY_S, BufferedNotes, LiveTable, PlainLines
from node.terminal.status_rows import BARS, SETTLING_S, View, bar


@pytest.fixture
def tally() -> CallStats:
    return CallStats(100.0, "lean")


@pytest.fixture
def view(tally: CallStats) -> View:
    return View("ann", lambda: tally, lambda: ["bob", "eve"], lambda: 217.4)


def busy(tally: CallStats) -> None:
    tally.speech_out.add(106, voiced=True, duration_ms=120)
    tally.meter.datagram("sent", b"\x80\x60" + bytes(126), "127.0.0.1")
    tally.pictures_out.add("a cat on a sofa", bits=120, frame_bytes=22, wire_bytes=250, raw_bits=256 * 256 * 24)
    tally.pictures_in.painted, tally.pictures_in.last_caption = 4, "a man at a desk"
    tally.speech_in.received, tally.speech_in.lost = 199, 1


def test_plain_lines_come_every_few_seconds(view: View) -> None:
    written: list[str] = []
    now = 100.0
    with PlainLines([view, view], written.append, lambda: now) as lines:
        for _ in range(30):
            now += 0.5
            lines.refresh()
    assert len(written) == 2 * 15 / PLAIN_EVERY_S
    assert all(line.startswith("ann: here bob, eve") for line in written)


def test_a_plain_line_says_what_there_is_to_say(view: View, tally: CallStats) -> None:
    written: list[str] = []
    now = 100.0
    lines = PlainLines([view], written.append, lambda: now)
    busy(tally)
    now += 10
    lines.refresh()
    (line,) = written
    for fact in (
        "speech 7.1 kbit/s, 10.4 on the wire",
        "all on the wire setting up, 0.2 kB in all",
        "loss 0.5 %",
        "mouth to ear 217 ms",
        "says a cat on a sofa",
        "in 120 bits",
        "pictures 1 sent, 4 painted",
        "pictures on the wire 200 bit/s",
        "ratio to 256x256 raw 13,107:1 in words, 786:1 on the wire",
        "sees a man at a desk",
    ):
        assert fact in line
    assert "\n" not in line


def test_what_is_not_known_is_left_out_of_a_plain_line(tally: CallStats) -> None:
    written: list[str] = []
    now = 100.0
    lines = PlainLines([View("ann", lambda: tally, list, lambda: None)], written.append, lambda: now)
    now += 10
    lines.refresh()
    assert written == [
        "ann: here nobody yet, all on the wire setting up, 0.0 kB in all, pictures 0 sent, 0 painted",
    ]


def test_a_note_is_written_at_once(view: View) -> None:
    written: list[str] = []
    PlainLines([view], written.append, lambda: 0.0).note("bob is here")
    assert written == ["bob is here"]


def test_the_rate_on_the_wire_is_that_since_the_last_look(view: View, tally: CallStats) -> None:
    assert view.on_the_wire(102.0) == "setting up, 0.0 kB in all"
    tally.meter.datagram("sent", bytes(972), "127.0.0.1")
    assert view.on_the_wire(102.0 + SETTLING_S) == "2.7 kbit/s"
    assert view.on_the_wire(106.0) == "0.0 kbit/s"
    tally.meter.datagram("sent", bytes(972), "127.0.0.1")
    assert view.on_the_wire(106.5) == "16.0 kbit/s"


def test_a_burst_of_setting_up_is_no_rate_and_is_in_the_total(tally: CallStats) -> None:
    here: list[str] = []
    view = View("ann", lambda: tally, lambda: here, lambda: None)
    assert view.on_the_wire(100.0) == "setting up, 0.0 kB in all"
    assert view.on_the_wire(110.0) == "0.0 kbit/s"
    here.append("bob")
    tally.meter.datagram("sent", bytes(18_972), "127.0.0.1")
    assert view.on_the_wire(111.0) == "setting up, 19.0 kB in all"
    tally.setup_ms = 900.0
    assert view.on_the_wire(112.0) == "setting up, 19.0 kB in all"
    assert view.on_the_wire(112.0 + SETTLING_S) == "0.0 kbit/s"


def test_the_table_shows_every_node_side_by_side(view: View, tally: CallStats) -> None:
    busy(tally)
    paper = io.StringIO()
    other = View("zoe", lambda: CallStats(0.0, "lean"), list, lambda: None)
    with LiveTable([view, other], Console(file=paper, force_terminal=True, width=120)) as table:
        table.note("bob is here [not markup]")
        table.refresh()
    shown = paper.getvalue()
    for words in ("ann", "zoe", "bob, eve", "nobody yet", "a cat on a sofa", "217 ms", "bob is here [not markup]"):
        assert words in shown


def test_a_table_can_be_refreshed_before_and_after_its_time(view: View) -> None:
    table = LiveTable([view], Console(file=io.StringIO(), force_terminal=True))
    table.refresh()
    table.note("early")
    with table:
        table.refresh()
    table.refresh()


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (status_rows.MAX_CAPTION_SHOWN, "x" * status_rows.MAX_CAPTION_SHOWN),
        (500, "x" * (status_rows.MAX_CAPTION_SHOWN - 1) + "…"),
    ],
)
def test_a_long_caption_is_cut(view: View, tally: CallStats, length: int, shown: str) -> None:
    written: list[str] = []
    now = 100.0
    lines = PlainLines([view], written.append, lambda: now)
    tally.pictures_in.last_caption = "x" * length
    now += 10
    lines.refresh()
    assert written[0].endswith(f"sees {shown}")


def test_where_there_is_no_terminal_there_are_plain_lines(view: View, capsys: pytest.CaptureFixture[str]) -> None:
    shown = status.choose([view], quiet=False)
    assert isinstance(shown, PlainLines)
    shown.note("to standard output")
    status.choose([view], quiet=True).note("to standard error")
    assert capsys.readouterr() == ("to standard output\n", "to standard error\n")


def test_on_a_terminal_there_is_a_table(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert isinstance(status.choose([view], quiet=True), LiveTable)


def test_late_notes_are_passed_on_in_order(view: View) -> None:
    notes, written = BufferedNotes(), []
    notes("first")
    notes("second")
    notes.to(PlainLines([view], written.append, lambda: 0.0))
    notes("third")
    assert written == ["first", "second", "third"]


def test_levels_are_shown_as_they_pass_and_the_mute_in_their_place(tally: CallStats) -> None:
    written: list[str] = []
    now, muted = 100.0, False
    view = View("ann", lambda: tally, list, lambda: None, lambda: muted)
    lines = PlainLines([view], written.append, lambda: now)
    for dbfs in (-20.0, -33.0):
        (tally.received_level if dbfs < -30 else tally.sent_level).add(dbfs, 0.1)
    for muted in (False, True):  # noqa: B007
        now += 10
        lines.refresh()
    assert "level out ▮▮▮▮▮▮▮▯▯▯  in ▮▮▮▮▮▯▯▯▯▯" in written[0]
    assert "level out muted  in ▮▮▮▮▮▯▯▯▯▯" in written[1]


HOSTILE = "[/b]\x1b]52;c;aA=\x07\n[link=x]"
SHOWN = "[/b]�]52;c;aA=� [link=x]"


def test_names_captions_and_notes_are_text_in_the_table(tally: CallStats) -> None:
    """On any console, also one that reads markup and sends on what a terminal obeys."""
    tally.pictures_out.add(HOSTILE, bits=120, frame_bytes=22, wire_bytes=250, raw_bits=256 * 256 * 24)
    tally.pictures_in.last_caption = HOSTILE
    paper = io.StringIO()
    view = View(HOSTILE, lambda: tally, lambda: [HOSTILE, HOSTILE], lambda: None)
    with LiveTable([view], Console(file=paper, force_terminal=True, width=200)) as table:
        table.note(f"{HOSTILE} is here")
        table.refresh()
    shown = paper.getvalue()
    assert f"{SHOWN} is here" in shown
    assert f"{SHOWN}, {SHOWN}" in shown
    assert shown.count(SHOWN) >= 3 * 5 + 1
    assert "\x1b]" not in shown
    assert "\x07" not in shown


def test_names_captions_and_notes_are_text_in_plain_lines(tally: CallStats) -> None:
    tally.pictures_in.last_caption = HOSTILE
    written: list[str] = []
    now = 100.0
    lines = PlainLines([View(HOSTILE, lambda: tally, lambda: [HOSTILE], lambda: None)], written.append, lambda: now)
    lines.note(f"{HOSTILE} is here")
    now += 10
    lines.refresh()
    assert written[0] == f"{SHOWN} is here"
    assert written[1].startswith(f"{SHOWN}: here {SHOWN}, ")
    assert written[1].endswith(f"sees {SHOWN}")


def test_a_peer_that_comes_and_goes_does_not_drown_the_rest(view: View) -> None:
    now, written = 100.0, list[str]()
    with PlainLines([view], written.append, lambda: now) as lines:
        for number in range(10_000):
            now += 0.01
            lines.note(f"{number} is here")
            lines.note(f"{number} has left")
            lines.refresh()
        lines.note("the broker is back")
        assert written[-1] == "the broker is back"
    assert len(written) < 200
    assert sum("more like" in line for line in written[-3:]) == 2


@pytest.mark.parametrize(("dbfs", "full"), [(-math.inf, 0), (-90, 0), (-60, 0), (-33, 5), (-6, BARS), (0, BARS)])
def test_a_bar_is_full_from_the_left(dbfs: float, full: int) -> None:
    level = LevelMeter()
    level.add(dbfs, 0.02)
    assert bar(level) == "▮" * full + "▯" * (BARS - full)


def test_a_drawing_is_light_on_dark_on_a_terminal_and_left_out_of_a_log(view: View) -> None:
    notes, written = BufferedNotes(), list[str]()
    notes.draw(["█▀▄ "])
    notes.to(PlainLines([view], written.append))
    notes.draw(["█▀▄ "])
    assert written == []
    paper = TextConsole(io.TextIOWrapper(io.BytesIO(), "utf-8"), force_terminal=True, color_system="standard")
    with LiveTable([view], paper) as table:
        notes.to(table)
        notes.draw(["█▀▄ ", "▄▄▄▄"])
    paper.file.seek(0)
    assert "\x1b[97;40m█▀▄ \x1b[0m\n\x1b[97;40m▄▄▄▄\x1b[0m\n" in paper.file.read()


def test_a_terminal_that_cannot_draw_blocks_gets_no_drawing(view: View) -> None:
    paper = TextConsole(io.TextIOWrapper(io.BytesIO(), "ascii"), force_terminal=True)
    with LiveTable([view], paper) as table:
        table.draw(["█▀▄ "])
    paper.file.seek(0)
    assert "?" not in paper.file.read().replace("\x1b[?25", "")


def test_a_name_and_a_caption_of_any_length_leave_the_table_a_table(tally: CallStats) -> None:
    tally.pictures_in.last_caption = tally.pictures_out.last_caption = "[/b]<img src=x>" + "x\u202e" * 50_000
    view = View("ann", lambda: tally, lambda: ["[/b]<script>"], lambda: None)
    paper = TextConsole(io.StringIO(), force_terminal=True, width=120, height=40)
    with LiveTable([view], paper) as table:
        table.refresh()
    shown = paper.file.getvalue()  # type: ignore[attr-defined]
    assert "[/b]<img src=x>" in shown
    assert "[/b]<script>" in shown
    assert "\u202e" not in shown
    assert len(shown) < 20_000


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 15), (30, 6), (20, 3)])
async def test_what_is_typed_is_seen_in_a_small_window(tally: CallStats, width: int, height: int) -> None:
    tally.pictures_in.last_caption = tally.pictures_out.last_caption = (
        "a man with a red hat drinks tea in a kitchen " * 2
    )
    view = View("ann", lambda: tally, lambda: [f"a long name {number}" for number in range(8)], lambda: None)
    paper = TextConsole(io.StringIO(), force_terminal=True, width=width, height=height)
    with LiveTable([view], paper) as table:
        table.typing("hello there")
        table.refresh()
        lines = paper.file.getvalue().rpartition("\x1b[2K")[2].splitlines()  # type: ignore[attr-defined]
    assert "hello there" in lines[-1]
    assert len(lines) <= height
