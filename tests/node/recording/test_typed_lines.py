"""Lines of text in a session: recorded, listed, redacted, and in every export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from node.captions.coder import shipped_codecs
from node.export.export import export_session
from node.export.export_options import ExportOptions
from node.recording import edit
from node.recording.info import info_lines, read_info
from node.recording.reader import SessionReader
from node.recording.typed_lines import MAX_LINE, line_of, named_lines
from node.recording.writer import SessionWriter
from protocol import frames, log
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
