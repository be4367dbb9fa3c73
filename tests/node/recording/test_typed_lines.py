"""Lines of text in a session: recorded, listed, redacted, and in every export."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import av
import pytest

from node.captions.coder import shipped_codecs
from node.export.export import export_session
from node.export.export_options import ExportOptions
from node.export.subtitle_choice import Subtitles
from node.recording import edit
from node.recording.info import info_lines, read_info
from node.recording.reader import SessionReader
from node.recording.typed_lines import MAX_LINE, line_of, named_lines
from node.recording.writer import SessionWriter
from protocol import frames, log
from protocol.errors import NodeError
from protocol.log import Frame, Header, Joined

CODECS = shipped_codecs()
HOSTILE = "</script><b>\x1b[2J\u202e{\\an8}-->"
HELLO = CODECS.encode("hello there", 2).data


def frame(at_s: float, sender: str, made: frames.Frame, text: str | None = None) -> Frame:
    return Frame(round(at_s * 1e6), sender, frames.encode(made), text)


RECORDS: list[log.Record] = [
    Joined(0, "bbbb", "Ben"),
    frame(0.5, "bbbb", frames.Relayed("aaaa", 0, 1, "cccc", 4, b"long ago", "Cleo", 99, 0), "long ago"),
    frame(1.0, "aaaa", frames.Line(0, HELLO), "hello there"),
    frame(2.0, "bbbb", frames.Line(0, HOSTILE.encode(), 0), HOSTILE),
    frame(6.0, "bbbb", frames.Line(1, b"bye", 0), None),
]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mcap"
    with path.open("wb") as stream:
        writer = SessionWriter(stream, Header(node="aaaa", name="Ann"))
        writer.write_all(RECORDS)
        writer.finish(7_000_000)
    return path


def names_and_texts(path: Path) -> list[tuple[str, str]]:
    with SessionReader.open(path) as session:
        return [(name, line.text) for name, line in named_lines(session)]


def test_lines_are_read_back_with_their_authors(session: Path) -> None:
    lines = [("Cleo", "long ago"), ("Ann", "hello there"), ("Ben", HOSTILE), ("Ben", "bye")]
    assert names_and_texts(session) == lines
    assert line_of(frame(0, "a", frames.Hold(1))) is None
    assert line_of(Frame(0, "a", b"\xff")) is None
    assert line_of(frame(0, "a", frames.Line(0, HELLO))) is None  # never read, and coded
    forged = line_of(frame(0, "a", frames.Line(0, b"x", 0), "x" * 60_000))
    assert forged is not None
    assert len(forged.text) == MAX_LINE


def test_info_lists_them(session: Path) -> None:
    info = read_info(session, CODECS.codebooks())
    assert [(line.name, line.text) for line in info.lines] == names_and_texts(session)
    assert {person.name: person.lines for person in info.people} == {"Ann": 1, "Ben": 2}
    shown = list(info_lines(session, CODECS.codebooks(), None, as_json=False))
    assert "    0:01  Ann writes: hello there" in shown


@pytest.mark.parametrize(
    ("who", "left"), [((), []), (("Ben",), [("Ann", "hello there")]), (("Ann",), ["Cleo", "Ben", "Ben"])]
)
def test_they_are_redacted(session: Path, tmp_path: Path, who: tuple[str, ...], left: list[object]) -> None:
    out = tmp_path / "out.mcap"
    edit.redact(session, out, edit.Redaction(words=True, who=who), None)
    kept = names_and_texts(out)
    assert kept == left or [name for name, _ in kept] == left


def test_what_an_author_said_is_redacted_although_another_relayed_it(tmp_path: Path) -> None:
    path, out = tmp_path / "in.mcap", tmp_path / "out.mcap"
    with path.open("wb") as stream:
        writer = SessionWriter(stream, Header(node="aaaa", name="Ann"))
        writer.write_all([Joined(0, "cccc", "Cleo"), *RECORDS])
        writer.finish(7_000_000)
    edit.redact(path, out, edit.Redaction(words=True, who=("Cleo",)), None)
    assert "long ago" not in dict(map(reversed, names_and_texts(out)))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["srt", "html", "jsonl"])
async def test_every_export_has_them_as_text(session: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"talk.{kind}"
    await export_session(session, CODECS, ExportOptions(out, pictures=False), None, lambda text: None)
    text = out.read_text()
    assert not set(text) & set("\x1b\u202e")
    match kind:
        case "srt":
            assert "Ann writes: hello there" in text
            assert "Ben writes: ‹/script›‹b› [2J" in text
            assert text.count("-->") == len(text.strip().split("\n\n"))
        case "html":
            assert "</script><b>" not in text
            assert '"name": "Cleo", "text": "long ago"' in text
        case "jsonl":
            lines = [line for line in map(json.loads, text.splitlines()) if line["kind"] == "text"]
            assert [line["text"] for line in lines] == ["long ago", "hello there", HOSTILE, "bye"]
            assert lines[0]["author_name"] == "Cleo"


# -- lines that were spoken

SPOKEN: list[log.Record] = [
    Joined(0, "bbbb", "Ben"),
    frame(9.0, "bbbb", frames.Line(0, b"typed", 0), "typed"),
    frame(9.5, "aaaa", frames.Line(0, b"I said it first", 0, spoken=30, after=25), "I said it first"),
    frame(12.0, "bbbb", frames.Line(1, b"and I later", 0, spoken=20, after=10), "and I later"),
    frame(13.0, "aaaa", frames.Line(1, b"then I", 0, spoken=10), "then I"),
    frame(900.0, "bbbb", frames.Line(2, b"an outage ago", 0, age=700, spoken=10), "an outage ago"),
]


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    path = tmp_path / "spoken.mcap"
    with path.open("wb") as stream:
        writer = SessionWriter(stream, Header(node="aaaa", name="Ann"))
        writer.write_all(SPOKEN)
        writer.finish(901_000_000)
    return path


def test_spoken_lines_have_the_time_at_which_they_were_begun_and_come_in_that_order(spoken: Path) -> None:
    with SessionReader.open(spoken) as session:
        lines = [(line.at_s, line.text, line.spoken_s, line.verb) for _, line in named_lines(session)]
        part = [line.text for _, line in named_lines(session, 9.0, 13.0)]
    assert lines == [
        (4.0, "I said it first", 3.0, "says"),
        (9.0, "typed", 0.0, "writes"),
        (9.0, "and I later", 2.0, "says"),
        (12.0, "then I", 1.0, "says"),
        (900.0, "an outage ago", 1.0, "says"),
    ]
    assert part == ["typed", "and I later", "then I"]


async def exported_text(session: Path, output: Path, **options: Any) -> str:
    asked = ExportOptions(output, pictures=False, force=True, **options)
    await export_session(session, CODECS, asked, None, lambda text: None)
    return await asyncio.to_thread(output.read_text, "utf-8")


async def test_subtitles_are_who_said_what_and_when(spoken: Path, tmp_path: Path) -> None:
    srt = await exported_text(spoken, tmp_path / "talk.srt", end=14.0)
    assert srt.startswith("1\n00:00:04,000 --> 00:00:07,000\nAnn: I said it first\n\n")
    assert "00:00:09,000 --> 00:00:11,000\nBen writes: typed\nBen: and I later\n" in srt
    assert "Ann: then I" in srt
    shown = await exported_text(spoken, tmp_path / "shown.srt", subtitles=Subtitles.SHOWN)
    assert shown == ""
    everything = await exported_text(spoken, tmp_path / "all.srt", subtitles=Subtitles.ALL)
    assert "Ann says: I said it first" in everything
    of_ben = await exported_text(spoken, tmp_path / "ben.srt", who=("Ben",))
    assert ("Ann" in of_ben, "Ben: and I later" in of_ben) == (False, True)


async def test_videos_and_pages_have_them_too(spoken: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.mcap"
    edit.cut(spoken, part, 0.0, 14.0, None)
    for name in ("talk.mp4", "talk.webm"):
        asked = ExportOptions(tmp_path / name, pictures=False)
        await export_session(part, CODECS, asked, None, lambda text: None)
        with av.open(str(tmp_path / name)) as container:
            (stream,) = container.streams.subtitles
            texts = b"".join(bytes(packet) for packet in container.demux(stream) if packet.size)
        assert b"Ann: I said it first" in texts
    page = await exported_text(part, tmp_path / "talk.html")
    assert '"until": 7.0' in page
    lines = [json.loads(line) for line in (await exported_text(part, tmp_path / "talk.jsonl")).splitlines()]
    assert [(line["began"], line["spoken_s"]) for line in lines if "began" in line] == [
        (4.0, 3.0),
        (9.0, 2.0),
        (12.0, 1.0),
    ]


def test_what_was_said_is_found(spoken: Path) -> None:
    found = list(info_lines(spoken, (), None, False, grep="SAID  it"))
    assert [line.strip() for line in found] == ["0:04  Ann says: I said it first"]
    as_json = json.loads("".join(info_lines(spoken, (), None, True, grep="later")))
    assert [line["text"] for line in as_json["lines"]] == ["and I later"]
    with pytest.raises(NodeError, match="says 'blue cheese'"):
        list(info_lines(spoken, (), None, False, grep="blue cheese"))


def test_redacted_speech_takes_its_lines_with_it(spoken: Path, tmp_path: Path) -> None:
    edit.redact(spoken, tmp_path / "out.mcap", edit.Redaction(speech=True, who=("Ann",)), None)
    assert [text for _, text in names_and_texts(tmp_path / "out.mcap")] == ["typed", "and I later", "an outage ago"]
