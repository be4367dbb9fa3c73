"""Exports, read again by the libraries that others play them with."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from command import Command
from fake_models import FakeModels
from files import written
from mcap_files import STARTED_NS, message, messages, our_channels, whole
from PIL import Image
from sessions import HEADER, came, picture, spoken, tone, went
from small_disk import FULL, small_disk

from node.captions.coder import shipped_codecs
from node.common.files import wrote
from node.export import export
from node.export.export_options import ExportOptions
from node.export.subtitle_choice import Subtitles
from node.recording.reader import SessionReader
from node.replay.pictures import Paint
from node.vision.types import Prompt
from protocol import frames
from protocol.captions.codebook_id import CodebookId
from protocol.errors import LogError, NodeError, UsageError
from protocol.log import Frame, Header, Note, Record

IN_STEP_S = 0.08
CHANGE_S = 3.0


class Painters(FakeModels):
    """Stands in for the models; may not be there, and may fail from some picture on."""

    missing = False
    fails_after = 1000

    @contextlib.asynccontextmanager
    async def session_painter(
        self, header: Header, models: str | None, generator: str | None, note: Callable[[str], None]
    ) -> AsyncIterator[Paint | None]:
        if self.missing:
            note("no pictures: no generator here")
            yield None
            return

        async def paint(sender: str, prompt: Prompt) -> Image.Image:
            if len(self.painted) >= self.fails_after:
                raise RuntimeError("a bug")
            return await self.paint(prompt.text, prompt.seed)

        yield paint


@pytest.fixture
def painters(monkeypatch: pytest.MonkeyPatch) -> Painters:
    painters = Painters()
    monkeypatch.setattr(export, "session_painter", painters.session_painter)
    return painters


def records() -> list[Record]:
    """From CHANGE_S on Ben talks, and the picture shows something else."""
    return [
        came("b", 0.1, "Ben"), picture("me", 0.3, "a cat"), picture("b", 0.4, "a dog <b>{x}"),
        *spoken("b", tone(2.0, 500), at=CHANGE_S),
        picture("b", CHANGE_S + 0.06, "a dog that sleeps", sequence=5, seed=9),
        Note(5_900_000, "end"), went("b", 6.0),
    ]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "a.mcap", records())


def exported(file: Path, name: str, **asked: Any) -> tuple[Path, list[str]]:
    notes: list[str] = []
    out = file.parent / name
    asyncio.run(export.export_session(file, shipped_codecs(), ExportOptions(out, **asked), None, notes.append))
    return out, notes


def sound_of(path: Path) -> tuple[np.ndarray[Any, Any], int]:
    with av.open(str(path)) as container:
        resampler, pieces = av.AudioResampler(format="s16", layout="mono", rate=16_000), []
        first = None
        for frame in container.decode(audio=0):
            first = float(frame.time or 0) if first is None else first
            pieces += [piece.to_ndarray().reshape(-1) for piece in resampler.resample(frame)]
        return np.concatenate([np.zeros(round((first or 0) * 16_000), np.int16), *pieces]), 16_000


def begins(path: Path, hertz: float = 500) -> float:
    """When the tone is heard first."""
    sound, rate = sound_of(path)
    return float(np.argmax(np.abs(sound) > 1000)) / rate


@pytest.mark.parametrize(("name", "codecs"), [("out.mp4", ["h264", "aac"]), ("out.webm", ["vp9", "opus"])])
def test_a_video_has_pictures_sound_and_subtitles_in_step(
    file: Path, painters: Painters, name: str, codecs: list[str]
) -> None:
    out, notes = exported(file, name)
    assert not notes
    assert [words for words, _ in painters.painted] == ["a cat", "a dog <b>{x}", "a dog that sleeps"]
    with av.open(str(out)) as container:
        assert [
            stream.codec_context.name for stream in (container.streams.video[0], container.streams.audio[0])
        ] == codecs
        assert container.duration == pytest.approx(6.5e6, abs=0.1e6)
        frames = [(float(frame.time or 0), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert frames[0][0] == 0
    assert max(later - before for (before, _), (later, _) in itertools.pairwise(frames)) <= 1.05
    with av.open(str(out)) as container:
        cues = [
            (float(packet.pts * packet.time_base), float(packet.duration * packet.time_base), bytes(packet))
            for packet in container.demux(subtitles=0) if packet.size and packet.pts is not None
        ]  # fmt: skip
    assert [words in cues[-2][2] for words in (b"Ann: a cat", b"Ben: a dog that sleeps")] == [True, True]
    assert b"<b>" not in cues[0][2] + cues[1][2]
    picture_at = changes(frames)[-1]
    assert abs(picture_at - begins(out)) <= IN_STEP_S
    assert abs(cues[-2][0] - picture_at) <= IN_STEP_S
    assert picture_at == pytest.approx(CHANGE_S + 0.06, abs=0.06)


def changes(frames: list[tuple[float, np.ndarray[Any, Any]]]) -> list[float]:
    """When the middle of Ben's picture, the right one of the two, changes while it is there."""
    colours = [(at, frame[320, 900].astype(int)) for at, frame in frames if at < 5.5]
    return [at for (_, before), (at, now) in itertools.pairwise(colours) if np.abs(now - before).max() > 12]


def test_a_part_begins_with_what_is_seen_then(file: Path, painters: Painters) -> None:
    out, _ = exported(file, "out.mp4", start=2.0, end=4.0)
    with av.open(str(out)) as container:
        assert container.duration == pytest.approx(2e6, abs=0.1e6)
    assert begins(out) == pytest.approx(CHANGE_S + 0.06 - 2.0, abs=0.08)
    assert [words for words, _ in painters.painted] == ["a cat", "a dog <b>{x}", "a dog that sleeps"]


def test_opus_is_the_mix_or_one_voice(tmp_path: Path) -> None:
    file = written(tmp_path / "a.mcap", [*records(), *spoken("me", tone(1.0, 300), at=0.5)])
    both, _ = exported(file, "both.opus")
    ben, _ = exported(file, "ben.opus", who=("Ben",))
    assert begins(both) == pytest.approx(0.58, abs=0.08)
    assert begins(ben) == pytest.approx(CHANGE_S + 0.08, abs=0.08)
    middle = sound_of(ben)[0][round(3.5 * 16_000) : round(4.5 * 16_000)].astype(float)
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 500
    with pytest.raises(NodeError, match="nobody here is called 'Zed'; there are: Ann, Ben"):
        exported(file, "zed.opus", who=("Zed",))


def test_a_file_for_each_person_has_that_ones_voice_picture_and_words(file: Path, painters: Painters) -> None:
    _, notes = exported(file, "out.mp4", split=True)
    made = [file.parent / name for name in ("out-1-Ann.mp4", "out-2-Ben.mp4")]
    assert notes == [wrote(path) for path in made]
    assert [words for words, _ in painters.painted] == ["a cat", "a dog <b>{x}", "a dog that sleeps"]
    assert np.abs(sound_of(made[0])[0]).max() < 1000
    assert begins(made[1]) == pytest.approx(CHANGE_S + 0.08, abs=0.1)
    for path, own, other in zip(made, (b"a cat", b"a dog"), (b"a dog", b"a cat"), strict=True):
        with av.open(str(path)) as container:
            words = b"".join(bytes(packet) for packet in container.demux(subtitles=0))
        assert (own in words, other in words) == (True, False)


def test_a_forged_name_of_many_bytes_fits_a_files_name(tmp_path: Path) -> None:
    file = written(tmp_path / "a.mcap", [came("b", 0.1, "\U00020000" * 500), *spoken("b", tone(0.2, 500), at=0.5)])
    exported(file, "out.opus", split=True)
    assert len(list(tmp_path.iterdir())) == 2


def test_where_nobody_sent_anything_there_is_no_file_a_person_and_it_is_said(tmp_path: Path) -> None:
    file = written(tmp_path / "a.mcap", [Note(0, "alone")])
    with pytest.raises(NodeError, match="nobody in this session sent anything"):
        exported(file, "out.opus", split=True)


def test_a_hostile_name_makes_a_file_beside_the_others(tmp_path: Path) -> None:
    people = [came("b", 0.1, "../[/b]\x1b]0;x"), came("c", 0.2, "\u202e/"), *spoken("b", tone(0.5, 500), at=0.5)]
    file = written(tmp_path / "a.mcap", people)
    exported(file, "out.opus", split=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mcap", "out-1-b-0-x.opus", "out-2.opus"]


def test_srt_has_the_captions_at_their_times(file: Path) -> None:
    text = exported(file, "out.srt")[0].read_text("utf-8")
    assert "00:00:00,300 --> 00:00:00,400\nAnn: a cat\n\n" in text
    assert "00:00:00,400 --> 00:00:03,060\nAnn: a cat\nBen: a dog ‹b›(x)\n\n" in text
    assert "00:00:03,060 --> 00:00:06,000\nAnn: a cat\nBen: a dog that sleeps\n\n" in text
    assert (
        "00:00:00,000 --> 00:00:01,060\nAnn: a cat\nBen: a dog" in exported(file, "part.srt", start=2.0)[0].read_text()
    )


def test_subtitles_of_nothing_are_one_line(file: Path) -> None:
    out, notes = exported(file, "out.srt", subtitles=Subtitles.SAID)
    assert (out.read_text(), notes[-1]) == ("", "out.srt is empty: in this time nothing was said or typed")


def test_jsonl_has_a_readable_object_for_each_record(file: Path) -> None:
    lines = [json.loads(line) for line in exported(file, "out.jsonl")[0].read_text("utf-8").splitlines()]
    assert (lines[0]["kind"], lines[0]["name"], lines[0]["node"]) == ("session", "Ann", "me")
    with SessionReader.open(file) as session:
        assert len(lines) - 1 == len(list(session.records()))
    assert [line["caption"] for line in lines if line["kind"] == "picture"] == [
        "a cat",
        "a dog <b>{x}",
        "a dog that sleeps",
    ]
    speech = [line for line in lines if line["kind"] == "speech"]
    assert {line["name"] for line in speech} == {"Ben"}
    assert {line["ms"] for line in speech} == {60}
    assert speech[0]["at"] == pytest.approx(CHANGE_S + 0.06)


def test_html_has_sound_and_pictures_inside(file: Path, painters: Painters) -> None:
    text = exported(file, "out.html")[0].read_text("utf-8")
    assert "data:audio/ogg;base64,T2dnU" in text
    assert text.count("data:image/jpeg;base64,") == 3
    assert "a dog \\u003cb\\u003e{x}" in text


def test_without_pictures_nothing_is_painted(file: Path, painters: Painters) -> None:
    out, _ = exported(file, "out.webm", pictures=False)
    assert out.stat().st_size > 1000
    assert not painters.painted


def test_missing_models_are_one_line_and_the_rest_is_there(file: Path, painters: Painters) -> None:
    painters.missing = True
    out, notes = exported(file, "out.mp4")
    assert notes == ["no pictures: no generator here"]
    assert begins(out) == pytest.approx(CHANGE_S + 0.08, abs=0.08)


def test_a_failure_leaves_nothing_behind(file: Path, painters: Painters) -> None:
    painters.fails_after = 2
    for name in ("out.mp4", "out.webm", "out.html"):
        with pytest.raises(RuntimeError, match="a bug"):
            exported(file, name)
        painters.painted.clear()
    assert [path.name for path in file.parent.iterdir()] == ["a.mcap"]


def test_what_exists_is_kept_unless_forced(file: Path) -> None:
    out = file.parent / "out.srt"
    out.write_text("mine")
    with pytest.raises(UsageError, match="exists already: name another file, or give --force"):
        exported(file, "out.srt")
    assert out.read_text() == "mine"
    assert "Ann: a cat" in exported(file, "out.srt", force=True)[0].read_text()


@pytest.mark.parametrize(
    ("name", "asked", "error"),
    [
        ("out.avi", {}, "its name must end in .mp4, .webm, .opus, .srt, .html, .jsonl"),
        ("out.srt", {"start": 60.0}, "--from 1:00 is after the session's end, 0:06"),
        ("no/such/out.srt", {}, "make it first"),
        ("out.html", {"subtitles": Subtitles.SAID}, "--subtitles is for .mp4, .webm, .srt, not for 'out.html'"),
        ("out.srt", {"split": True}, "--split makes a file a person of .mp4, .webm, .opus, not of 'out.srt'"),
    ],
)
def test_wrong_usage_is_one_line(file: Path, name: str, asked: dict[str, Any], error: str) -> None:
    with pytest.raises((UsageError, NodeError), match=error):
        exported(file, name, **asked)


def test_what_is_no_session_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a.mcap"
    file.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(LogError):
        exported(file, "out.srt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mcap"]


def test_frames_that_cannot_be_read_cost_only_themselves(tmp_path: Path, painters: Painters) -> None:
    file = written(tmp_path / "a.mcap", [*records(), Frame(1_000_000, "b", b"\xc1"), *spoken("x", tone(0.2), at=1)])
    _, notes = exported(file, "out.mp4")
    assert len(notes) == 1
    assert "a picture of b cannot be read" in notes[0]
    assert len(painters.painted) == 3


def test_a_session_of_nothing(tmp_path: Path, painters: Painters) -> None:
    file = written(tmp_path / "a.mcap", [Note(0, "nothing")])
    for name in ("out.mp4", "out.webm", "out.opus", "out.srt", "out.html", "out.jsonl"):
        assert exported(file, name)[0].exists()


def test_the_command(file: Path, command: Command, painters: Painters) -> None:
    assert command.run("session", "export", file, "-o", "out.srt", "--from", "2", "--to", "0:04").code == 0
    assert command.out == ""
    assert command.err == "pictophone: wrote out.srt: 0.1 kB\n"
    assert Path("out.srt").read_text().startswith("1\n00:00:00,000 --> 00:00:01,060")
    assert "exists already" in command.fails("session", "export", file, "-o", "out.srt", code=2)
    assert "--to 1 is not after --from 2" in command.fails(
        "session", "export", file, "--output", "b.srt", "--from", "2", "--to", "1", code=2
    )


def test_the_last_releases_spelling_of_the_command(file: Path, command: Command, painters: Painters) -> None:
    """`--to` was the file and `--until` the end."""
    assert command.run("session", "export", file, "--to", "out.srt", "--from", "2", "--until", "0:04").code == 0
    assert command.out == ""
    assert (
        command.err
        == "pictophone: write -o out.srt: --to is the end now, and will not name a file any more in the next release\n"
        "pictophone: wrote out.srt: 0.1 kB\n"
    )
    assert Path("out.srt").read_text().startswith("1\n00:00:00,000 --> 00:00:01,060")
    assert "exists already" in command.run("session", "export", file, "--to", "out.srt").err
    assert "--until 1 is not after --from 2" in command.fails(
        "session", "export", file, "-o", "b.srt", "--from", "2", "--until", "1", code=2
    )
    taken = command.run("session", "export", file, "-o", "c.srt", "--until", "0:04", "--force")
    assert taken.err == "pictophone: wrote c.srt: 0.2 kB\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "name the file to write"),
        (["--to", "0:04"], "name the file to write"),
        (["--to", "later"], "name the file to write"),
        (["-o", "a.srt", "--to", "b.srt"], "not a time: 'b.srt'"),
        (["-o", "a.srt", "--to", "4", "--until", "4"], "give --to alone"),
        (["-o", "a.avi"], "cannot export to 'a.avi'"),
    ],
)
def test_wrong_usage_of_the_command_is_one_line(file: Path, command: Command, arguments: list[str], error: str) -> None:
    assert error in command.fails("session", "export", file, *arguments, code=2)


def test_a_codebook_that_is_not_here_is_one_line_and_the_words_beside_it_are_shown(tmp_path: Path) -> None:
    header = Header(node="me", name="Ann", codebooks=(CodebookId(9, b"abcd"),))
    unread = Frame(2_000_000, "me", frames.encode(frames.Picture(8, 0, 2, b"\x01\x02", 1)), None)
    file = written(tmp_path / "a.mcap", [picture("me", 0.3, "a cat"), unread, Note(4_000_000, "end")], header)
    out, notes = exported(file, "out.srt")
    assert len(notes) == 1
    assert "codebook 9/61626364, which is not here" in notes[0]
    assert out.read_text() == "1\n00:00:00,300 --> 00:00:04,000\nAnn: a cat\n\n"
    _, notes = exported(file, "out.webm", pictures=False)
    assert len(notes) == 2
    assert "a picture of me cannot be read: a caption of codec 2, coded with a codebook that is not ours" in notes[1]


KINDS = ("out.mp4", "out.webm", "out.opus", "out.srt", "out.html", "out.jsonl")


@pytest.mark.parametrize("name", KINDS)
def test_a_full_disk_is_one_line_and_leaves_nothing(file: Path, painters: Painters, name: str) -> None:
    room = 40 if name.endswith(".srt") else 600
    with small_disk(room), pytest.raises(NodeError, match=rf"cannot write '.*{name}': {FULL}"):
        exported(file, name)
    assert list(file.parent.iterdir()) == [file]


ODD = (
    "-->\n\n00:00:01,000 --> 00:00:02,000", "<script>alert(1)</script>", "</script><img src=x>", "\x00nul\x07", "&lt;",
    "\u202eevil", "x" * 60_000, "{\\an8}", "\x1b]52;c;aGk=\x07", "%s ${x}", "[/b]", " ", "\u2028", "日本語",
)  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_whatever_names_and_words_are_made_of(tmp_path: Path, painters: Painters, name: str) -> None:
    """And what is no record is left out, and noted at the end."""
    found: list[Record] = []
    for number, text in enumerate(ODD):
        shown = replace(picture(f"p{number}", 0.2 + number / 10, "words"), caption=text)
        found += [came(f"p{number}", 0.1, text), shown, Note(number, text)]
    bad = message(3, STARTED_NS + 10**9, b'{"sender":"p1","caption":"\\ud800","frame":""}')
    data = whole(
        our_channels()
        + messages(sorted(found, key=lambda one: one.at_us), header=replace(HEADER, started_ns=STARTED_NS))
        + bad
    )
    file = tmp_path / "odd.mcap"
    file.write_bytes(data)
    out, notes = exported(file, name)
    assert notes == ["damaged in 1 place, which are left out"]
    if name.endswith((".mp4", ".webm", ".opus")):
        with av.open(str(out)) as container:
            assert [packet.size for packet in container.demux()]
        return
    text = out.read_text(encoding="utf-8")
    if name.endswith(".jsonl"):
        assert {one["name"] for one in map(json.loads, text.splitlines()) if one.get("kind") == "joined"} == set(ODD)
    elif name.endswith(".srt"):
        times = [line for line in text.splitlines() if "-->" in line]
        assert len(times) == text.count("\n\n")
    else:
        assert "<script>alert" not in text
        assert text.count("</script>") == 2
        (inside,) = re.findall(r'<script type="application/json" id="session">(.*?)</script>', text, re.DOTALL)
        assert {person["name"] for person in json.loads(inside)["people"]} == set(ODD)
