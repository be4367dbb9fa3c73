"""The commands of `session`, as they are typed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from command import Command
from session_files import HEADER, made_up, write

from protocol import log
from protocol.log import coding
from protocol.log.sealing import recording_secret
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

GARDEN, KITCHEN = RoomSecret(b"the garden" + bytes(6)), RoomSecret(b"the kitchen" + bytes(5))
IN_THE_GARDEN, IN_THE_KITCHEN = (("--room", RoomLink(room).reveal()) for room in (GARDEN, KITCHEN))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "call.mcap", made_up())


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    return write(tmp_path / "sealed.mcap", made_up(), secret=recording_secret(GARDEN))


def test_info(command: Command, path: Path) -> None:
    assert "picture 2 of b2q" in command.run("session", "info", path).out
    assert json.loads(command.run("session", "info", path, "--json").out)["duration_s"] == 20.0


def test_info_of_a_sealed_session(command: Command, sealed: Path) -> None:
    assert "picture 2 of b2q" in command.run("session", "info", sealed, *IN_THE_GARDEN).out
    assert "give its room with --room" in command.fails("session", "info", sealed)
    assert "sealed in another room" in command.run("session", "info", sealed, *IN_THE_KITCHEN).err
    assert command.code == 1


def test_recover(command: Command, path: Path, tmp_path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])
    assert "of the session are in" in command.run("session", "recover", path).out
    assert "0 bytes" not in command.run("session", "info", tmp_path / "call-recovered.mcap").out
    assert "exists already" in command.fails("session", "recover", path, code=2)
    assert command.run("session", "recover", path, "-o", tmp_path / "other.mcap").code == 0


def test_recover_a_sealed_session(command: Command, sealed: Path, tmp_path: Path) -> None:
    output = tmp_path / "mended.mcap"
    assert "give its room" in command.fails("session", "recover", sealed, "-o", output)
    assert command.run("session", "recover", sealed, "-o", output, *IN_THE_GARDEN).code == 0
    assert b"Bob" not in output.read_bytes()


@pytest.mark.parametrize("name", ["info", "recover"])
def test_what_is_no_session_is_one_line(command: Command, name: str, tmp_path: Path) -> None:
    other = tmp_path / "page.html"
    other.write_text("<html>" * 100)
    assert "not a session" in command.fails("session", name, other)
    assert "No such file" in command.fails("session", name, tmp_path / "nothing.mcap")


@pytest.mark.parametrize("secret", [None, recording_secret(GARDEN)])
@pytest.mark.parametrize(
    "arguments",
    [
        ["session", "info"],
        ["session", "recover", "-o", "out.mcap"],
        *(["session", "export", "-o", f"out.{kind}"] for kind in ("mp4", "webm", "opus", "srt", "html", "jsonl")),
        ["session", "cut", "--to", "5", "-o", "out.mcap"],
        ["session", "join", "-o", "out.mcap"],
        ["session", "redact", "--words", "-o", "out.mcap"],
        ["replay", "--speaker", "none"],
        ["replay", "--as", IN_THE_KITCHEN[1]],
    ],
    ids=" ".join,
)
def test_a_newer_format_is_one_line(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], secret: bytes | None
) -> None:
    with monkeypatch.context() as later:
        for module in (coding, log):
            later.setattr(module, "FORMAT", log.FORMAT + 1)
        newer = write(tmp_path / "newer.mcap", made_up(), secret=secret)
    monkeypatch.chdir(tmp_path)
    told = command.fails(*arguments, newer)
    assert "newer.mcap': recorded by a newer Pictophone (format 2; this one reads up to 1): update it" in told
    assert list(tmp_path.iterdir()) == [newer]


HOSTILE = "[/b]\x1b]52;c;aA=\x07\n\u202e</script>"
SHOWN = "[/b]�]52;c;aA=� �</script>"


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    """A recording by a stranger: names, captions and models that a terminal would obey."""
    records = [
        dataclasses.replace(record, name=HOSTILE)
        if isinstance(record, log.Joined)
        else dataclasses.replace(record, caption=HOSTILE)
        if isinstance(record, log.Frame)
        else record
        for record in made_up()
    ]
    header = dataclasses.replace(HEADER, program=HOSTILE, profile=HOSTILE, models={"captioner": HOSTILE})
    return write(tmp_path / "call.mcap", records, header=header)


def test_what_a_stranger_recorded_is_text(command: Command, strangers: Path) -> None:
    out = command.run("session", "info", strangers).out
    assert f"{SHOWN}: {SHOWN}" in out
    assert f"made by   {SHOWN}, profile {SHOWN}, captioner {SHOWN}" in out
    assert all(line.isprintable() for line in out.replace("�", "?").splitlines())
    out = command.run("session", "info", strangers, "--json").out
    assert out.isascii()
    assert json.loads(out)["people"][1]["name"] == HOSTILE


@pytest.mark.parametrize("kind", ["srt", "html", "jsonl"])
def test_what_is_exported_of_it_is_text(command: Command, strangers: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"out.{kind}"
    assert command.run("session", "export", strangers, "-o", out, "--no-pictures").code == 0
    text = out.read_text()
    assert "[/b]" in text
    assert not set("\x1b\x07\u202e") & set(text)
    if kind == "html":
        assert text.count("</script>") == 2  # the page's own
