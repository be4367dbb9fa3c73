"""What `session info` reports: participants, times, bytes, losses, captions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from session_files import HEADER, SECRET, made_up

from node.captions.coder import shipped_codecs
from node.recording.info import info_lines, read_info, text_lines
from protocol import log
from protocol.captions.codebook_id import CodebookId
from protocol.errors import LogError

CODEBOOKS = shipped_codecs().codebooks()

SessionFile = Callable[..., Path]


def test_who_came_again_lost_nothing_meanwhile(session_file: SessionFile) -> None:
    def came(at_us: int, peer: str) -> log.Joined:
        return log.Joined(at_us, peer, "Bob", 15)

    def said(at_us: int, sender: str, sequence: int) -> log.Speech:
        return log.Speech(at_us, sender, sequence, 0, b"12345")

    records = [
        came(0, "b2q"), said(1, "b2q", 5), said(2, "b2q", 7), log.Left(3, "b2q"),
        came(4, "b2q"), came(4, "c3r"), said(5, "b2q", 100), said(6, "c3r", 300), said(7, "b2q", 101),
    ]  # fmt: skip
    ann, bob = read_info(session_file(records=records), CODEBOOKS).people
    assert (bob.name, bob.ids) == ("Bob", ["b2q", "c3r"])
    assert (bob.speech.packets, bob.speech.lost) == (5, 1)
    assert ann.speech.lost == 0


def test_nothing_that_was_sent_is_lost(session_file: SessionFile) -> None:
    """Of two parts of a call, joined: what was said between them was left out, and not lost."""
    records = [log.Speech(at, HEADER.node, at * 50, 0, b"12345") for at in range(3)]
    (ann,) = read_info(session_file(records=records), CODEBOOKS).people
    assert (ann.speech.packets, ann.speech.lost) == (3, 0)


def test_everything_is_counted(session_file: SessionFile) -> None:
    path, records = session_file(), made_up()
    info = read_info(path, CODEBOOKS)
    spoken = [record for record in records if isinstance(record, log.Speech)]
    ann, bob = info.people
    assert (ann.name, ann.ids, bob.name, bob.ids) == ("Ann", ["a7k"], "Bob", ["b2q"])
    assert ann.speech.packets + bob.speech.packets == len(spoken)
    assert bob.speech.lost == 60  # the turns are apart in the numbers
    assert bob.speech.kbps == pytest.approx(bob.speech.bytes * 8 / 20_000, abs=0.01)
    assert [bob.pictures, bob.frames] == [2, 2]
    shown = sum(len(record.frame) for record in records if isinstance(record, log.Frame))
    assert info.bytes_by_kind == {"speech": sum(len(one.payload) for one in spoken), "frames": shown}
    assert info.file_bytes == path.stat().st_size
    assert (info.duration_s, info.started) == (20.0, "2026-09-21T14:13:20+00:00")
    assert info.meters == {"lost": 1, "delay_ms": 206.5}
    assert [(one.at_s, one.name, one.caption, one.seed) for one in info.captions] == [
        (5.0, "Ann", "picture 1 of a7k", 1),
        (5.001, "Bob", "picture 1 of b2q", 1),
        (15.0, "Ann", "picture 2 of a7k", 2),
        (15.001, "Bob", "picture 2 of b2q", 2),
    ]


def test_people_read_lines(session_file: SessionFile) -> None:
    path = session_file()
    lines = list(text_lines(read_info(path, CODEBOOKS)))
    assert lines[0] == f"{path}: 0:20 from 2026-09-21T14:13:20+00:00, {path.stat().st_size:,} bytes"
    assert lines[1] == "made by   pictophone 1"
    assert lines[2].startswith("Ann       86 packets of speech, ")
    shown = sum(len(one.frame) for one in made_up() if isinstance(one, log.Frame) and one.sender == "b2q")
    assert f"2 pictures in {shown} bytes" in lines[3]
    assert lines[-1] == "    0:15  Bob: picture 2 of b2q"


def test_programs_read_json(session_file: SessionFile) -> None:
    (line,) = info_lines(session_file(), CODEBOOKS, None, as_json=True)
    info = json.loads(line)
    assert info["people"][1]["name"] == "Bob"
    assert info["captions"][0]["caption"] == "picture 1 of a7k"
    assert "_links" not in info["people"][0]["speech"]


def test_a_sealed_one(session_file: SessionFile) -> None:
    path = session_file(secret=SECRET)
    assert next(text_lines(read_info(path, CODEBOOKS, SECRET))).endswith(", sealed")
    with pytest.raises(LogError, match="give its room with --room"):
        read_info(path, CODEBOOKS)


def test_what_can_be_shown_is_shown(session_file: SessionFile) -> None:
    header = replace(HEADER, codebooks=(CodebookId(9, b"wxyz"),))
    path = session_file(header=header, end=False)
    data = bytearray(path.read_bytes())
    data[3 * len(data) // 4] ^= 1
    path.write_bytes(data)
    info = read_info(path, CODEBOOKS)
    assert (info.complete, info.damage) == (False, 1)
    text = "\n".join(text_lines(info))
    for line in ("this session has no end", "damaged in 1 place", "codebook 9/7778797a, which is not here"):
        assert line in text
    assert "picture 2 of b2q" in text


def test_a_session_in_which_nothing_happened(session_file: SessionFile) -> None:
    lines = list(text_lines(read_info(session_file(records=[log.Note(0, "hello")], header=log.Header(1)), CODEBOOKS)))
    assert lines[1] == "made by   an unknown program"
    assert len(lines) == 2
