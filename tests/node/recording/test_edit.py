"""Sessions made of sessions, read again by our reader and by the mcap package's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command import Command
from files import read, written
from mcap.reader import make_reader
from session_files import HEADER as MADE_UP_HEADER
from session_files import SECRET, made_up
from sessions import HEADER, came, picture, spoken, tone, went
from small_disk import FULL, small_disk

from node.captions.coder import shipped_codecs
from node.recording import edit
from node.recording.edit import REDACTED, Redaction, recover
from node.recording.reader import SessionReader
from protocol import frames
from protocol.errors import LogError, NodeError, UsageError
from protocol.log import Frame, Header, Joined, Left, Note, Record, Snapshot, Speech

CODECS = shipped_codecs()


def records() -> list[Record]:
    return [
        came("b", 0.1, "Ben"), came("c", 0.2, "Carl"), went("c", 1.0),
        picture("me", 0.3, "a cat"), picture("b", 0.5, "a dog", sequence=4),
        *spoken("me", tone(2.0), at=0.5), *spoken("b", tone(2.0, 500), at=3.0, sequence=65_530),
        Snapshot(290_000, 1, "png", b"a file"), Note(4_000_000, "something"),
        Frame(4_500_000, "b", frames.encode(frames.Line(0, b"typed", 0)), "typed"),
        Frame(4_600_000, "b", frames.encode(frames.Hold(4))),
        picture("b", 5.0, "a dog that sleeps", sequence=5, seed=9), went("b", 8.0),
    ]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "a.mcap", records())


def captions(found: list[Record]) -> list[tuple[int, str, str | None]]:
    return [(one.at_us, one.sender, one.caption) for one in found if isinstance(one, Frame) and one.caption is not None]


def opens_elsewhere(path: Path) -> None:
    with path.open("rb") as stream:
        reader = make_reader(stream)
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        assert summary.statistics.message_count == sum(1 for _ in reader.iter_messages())


def test_a_cut_begins_with_who_is_there_and_what_is_seen(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "cut.mcap"
    assert edit.cut(file, out, 2.0, 5.5, None) == 3.5
    found = read(out)
    assert [(one.at_us, one.name) for one in found if isinstance(one, Joined)] == [(0, "Ben")]
    seen = [(0, "me", "a cat"), (0, "b", "a dog"), (2_500_000, "b", "typed"), (3_000_000, "b", "a dog that sleeps")]
    assert captions(found) == seen
    packets = [one for one in found if isinstance(one, Speech)]
    before = [one for one in records() if isinstance(one, Speech) and 2_000_000 <= one.at_us < 5_500_000]
    assert [(one.sequence, one.payload) for one in packets] == [(one.sequence, one.payload) for one in before]
    assert packets[0].at_us == before[0].at_us - 2_000_000
    with SessionReader.open(out) as session:
        assert session.header.started_ns == HEADER.started_ns + 2_000_000_000
    opens_elsewhere(out)


def test_a_cut_needs_no_picture_before_it(tmp_path: Path) -> None:
    first = CODECS.encode("a cat on a bench", 2)
    second = CODECS.encode("a cat on a chair", 2, "a cat on a bench")
    coded = [
        frames.encode(frames.Picture(1, 0, 2, first.data, 7)),
        frames.encode(frames.Picture(2, 9, 2, second.data, 7, earlier=1)),
    ]
    session = [
        Frame(0, "me", coded[0], "a cat on a bench"), Frame(1_000_000, "me", coded[1], "a cat on a chair"),
        Note(3_000_000, "later"),
    ]  # fmt: skip
    edit.cut(written(tmp_path / "a.mcap", session), tmp_path / "b.mcap", 2.0, None, None)
    frame = next(one for one in read(tmp_path / "b.mcap") if isinstance(one, Frame))
    alone = frames.decode(frame.frame)
    assert isinstance(alone, frames.Picture)
    assert (alone.earlier, CODECS.decode(alone.codec, alone.caption), alone.seed) == (None, "a cat on a chair", 7)


def test_sessions_one_after_the_other(file: Path, tmp_path: Path) -> None:
    other = written(
        tmp_path / "b.mcap", [came("me", 0.5, "Ann"), picture("you", 1.0, "a house")], Header(node="you", name="Zoe")
    )
    out = tmp_path / "joined.mcap"
    assert edit.join([other, file, other], out, None) == pytest.approx(1 + 8 + 1)
    found = read(out)
    assert [at for at, _, caption in captions(found) if caption == "a house"] == [1_000_000, 10_000_000]
    assert len([one for one in found if isinstance(one, Speech)]) == len(
        [one for one in records() if isinstance(one, Speech)]
    )
    assert [one.at_us for one in found] == sorted(one.at_us for one in found)
    here: set[str] = set()
    for one in found:  # nobody of one session is still there in the next
        if isinstance(one, Joined):
            here.add(one.peer)
        elif isinstance(one, Left):
            here.discard(one.peer)
        if 1_100_000 < one.at_us < 8_900_000:
            assert "you" not in here
    opens_elsewhere(out)


def test_without_speech(file: Path, tmp_path: Path) -> None:
    edit.redact(file, tmp_path / "out.mcap", Redaction(speech=True), None)
    found = read(tmp_path / "out.mcap")
    assert found == [one for one in sorted(records(), key=lambda one: one.at_us) if not isinstance(one, Speech)]
    edit.redact(file, tmp_path / "ben.mcap", Redaction(speech=True, who=("Ben",)), None)
    assert {one.sender for one in read(tmp_path / "ben.mcap") if isinstance(one, Speech)} == {"me"}


def test_without_words_no_word_is_left_in_the_file(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mcap"
    edit.redact(file, out, Redaction(words=True), None)
    found = read(out)
    assert {caption for _, _, caption in captions(found)} == {REDACTED}
    assert len(captions(found)) == 3
    assert not [one for one in found if isinstance(one, Snapshot | Note)]
    with out.open("rb") as stream:
        whole = b"".join(message.data for _, _, message in make_reader(stream).iter_messages())
    for word in (b"cat", b"dog", b"typed", b"something", b"a file"):
        assert word not in whole
    for frame in (one for one in found if isinstance(one, Frame)):
        decoded = frames.decode(frame.frame)
        assert isinstance(decoded, frames.Hold) or decoded.seed == 0  # type: ignore[union-attr]
    opens_elsewhere(out)


def test_without_the_words_of_one(file: Path, tmp_path: Path) -> None:
    edit.redact(file, tmp_path / "out.mcap", Redaction(words=True, who=("Ben",)), None)
    found = read(tmp_path / "out.mcap")
    assert [caption for _, _, caption in captions(found)] == ["a cat", REDACTED, REDACTED]
    assert [one for one in found if isinstance(one, Snapshot)]


def test_what_was_sealed_stays_sealed(tmp_path: Path) -> None:
    secret = b"the room's"
    file = written(tmp_path / "a.mcap", records(), secret=secret)
    edit.cut(file, tmp_path / "cut.mcap", 1.0, None, secret)
    edit.join([file, file], tmp_path / "join.mcap", secret)
    edit.redact(file, tmp_path / "red.mcap", Redaction(words=True), secret)
    for name in ("cut", "join", "red"):
        out = tmp_path / f"{name}.mcap"
        assert b"Ben" not in out.read_bytes()
        assert read(out, secret)
        with pytest.raises(LogError, match="sealed"):
            SessionReader.open(out)


def test_nothing_half_is_left_behind(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mcap"
    with pytest.raises(UsageError, match="nothing lies after 9 s"):
        edit.cut(file, out, 9.0, None, None)
    with pytest.raises(UsageError, match="nothing to leave out"):
        edit.redact(file, out, Redaction(), None)
    with pytest.raises(NodeError, match="nobody here is called 'Zed'"):
        edit.redact(file, out, Redaction(speech=True, who=("Zed",)), None)
    with pytest.raises(LogError):
        edit.join([file, Path(__file__)], out, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mcap"]
    out.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        edit.cut(file, out, 1.0, None, None)
    assert out.read_text() == "mine"
    edit.cut(file, out, 1.0, None, None, force=True)
    assert read(out)


def test_the_commands(file: Path, tmp_path: Path, command: Command) -> None:
    assert command.run("session", "cut", file, "--from", "0:02", "--to", "5", "-o", "cut.mcap").code == 0
    assert command.out == "cut.mcap: 0:03\n"
    assert command.run("session", "join", "cut.mcap", file, "-o", "join.mcap").out == "join.mcap: 0:10\n"
    assert command.run("session", "redact", file, "--words", "-o", "red.mcap").out == "red.mcap: 0:08\n"
    assert "not a time" in command.fails("session", "cut", file, "--from", "x", "-o", "y.mcap", code=2)
    assert "give --speech" in command.fails("session", "redact", file, "-o", "y.mcap", code=2)
    assert "exists already" in command.fails("session", "cut", file, "-o", "cut.mcap", code=2)
    assert "nothere.mcap" in command.fails("session", "cut", "nothere.mcap", "-o", "y.mcap")


EDITS: dict[str, Callable[[Path, Path], object]] = {
    "cut": lambda file, output: edit.cut(file, output, 1.0, None, None),
    "join": lambda file, output: edit.join([file, file], output, None),
    "redact": lambda file, output: edit.redact(file, output, Redaction(words=True), None),
}


@pytest.mark.parametrize("make", EDITS.values(), ids=EDITS)
def test_a_full_disk_is_one_line_and_leaves_nothing(make: Callable[[Path, Path], object], file: Path) -> None:
    with small_disk(3000), pytest.raises(NodeError, match=rf"cannot write .*out.mcap.*{FULL}"):
        make(file, file.with_name("out.mcap"))
    assert list(file.parent.iterdir()) == [file]


def test_what_could_not_be_read_is_told_at_the_end(file: Path) -> None:
    notes, output = list[str](), file.with_name("out.mcap")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    edit.cut(file, output, 1.0, None, None, force=True, note=notes.append)
    edit.join([file], output, None, notes.append, force=True)
    edit.redact(file, output, Redaction(speech=True), None, force=True, note=notes.append)
    assert notes == ["damaged in 1 place, which are left out"] * 3


SessionFile = Callable[..., Path]


def count_records(path: Path, secret: bytes | None = None) -> int:
    """How many records our reader finds in a file that must be whole, also for MCAP's own reader."""
    with path.open("rb") as file:
        assert list(make_reader(file, validate_crcs=True).iter_messages())
    with SessionReader.open(path, secret) as session:
        assert session.complete
        assert session.remarks == []
        found = list(session.records())
        assert session.damage == 0
        assert session.header == MADE_UP_HEADER
    assert all(record in made_up() for record in found)
    return len(found)


@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_recording_that_was_killed(session_file: SessionFile, secret: bytes | None) -> None:
    path = session_file(secret=secret, end=False)
    report = recover(path, None, secret)
    mended = path.with_name("call-recovered.mcap")
    assert report == [
        "it has no end: what was recorded in its last two seconds may be lost",
        f"0:20 of the session are in {mended}",
    ]
    assert count_records(mended, secret) == len(made_up())


def test_a_whole_one_is_told_to_be_whole(session_file: SessionFile, tmp_path: Path) -> None:
    path, mended = session_file(), tmp_path / "copy.mcap"
    assert recover(path, mended, None)[0] == "this session was whole"
    assert count_records(mended) == len(made_up())


def test_what_lies_behind_the_damage_is_recovered(session_file: SessionFile, tmp_path: Path) -> None:
    path, mended = session_file(), tmp_path / "mended.mcap"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert recover(path, mended, None)[0] == "1 place could not be read"
    with SessionReader.open(mended) as session:
        found = list(session.records())
    assert found[0] == made_up()[0]
    assert found[-1] == made_up()[-1]
    assert count_records(mended) > len(made_up()) * 0.8


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.77, 0.999])
def test_a_length_that_is_nonsense_does_not_hide_the_rest(
    session_file: SessionFile, tmp_path: Path, share: float
) -> None:
    """Damage to the chain of records: the next chunk is found by what chunks look like."""
    path, mended = session_file(end=False), tmp_path / "mended.mcap"
    data = bytearray(path.read_bytes())
    place = data.index(b"zstd", int(len(data) * share * 0.9)) - 40
    data[place : place + 8] = b"\xff" * 8
    path.write_bytes(data)
    recover(path, mended, None)
    with SessionReader.open(mended) as session:
        assert len(list(session.records())) > len(made_up()) * 0.8


def test_nothing_is_left_to_recover(session_file: SessionFile, tmp_path: Path) -> None:
    path, mended = session_file(), tmp_path / "mended.mcap"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(LogError, match="nothing of this session is left"):
        recover(path, mended, None)
    assert not mended.exists()


def test_recovering_overwrites_nothing(session_file: SessionFile, tmp_path: Path) -> None:
    path, mended = session_file(), tmp_path / "mended.mcap"
    mended.write_text("something dear")
    with pytest.raises(UsageError, match="exists already"):
        recover(path, mended, None)
    with pytest.raises(UsageError, match="exists already"):
        recover(path, path, None)
    assert mended.read_text() == "something dear"


def test_a_full_disk_leaves_of_a_recovered_one_nothing_behind(session_file: SessionFile, tmp_path: Path) -> None:
    mended, path = tmp_path / "mended.mcap", session_file()
    with small_disk(9000), pytest.raises(NodeError, match=rf"cannot write .*{FULL}"):
        recover(path, mended, None)
    assert list(tmp_path.iterdir()) == [path]
