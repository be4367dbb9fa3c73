"""Sessions read back: whole, from any moment, cut off, damaged, sealed, and things that are none."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.records import Message
from mcap.writer import Writer
from session_files import HEADER, SECRET, made_up, write

from node.captions.coder import shipped_codecs
from node.recording import mcap_index
from node.recording.reader import CUT_OFF, NO_KEY, WRONG_KEY, SessionReader
from protocol import log
from protocol.captions.codebook_id import CodebookId
from protocol.errors import LogError, NodeError

SessionFile = Callable[..., Path]


def test_everything_comes_back(session_file: SessionFile) -> None:
    records = made_up()
    with SessionReader.open(session_file()) as session:
        assert list(session.records()) == records
        assert session.header == HEADER
        assert session.duration_s == 20.0
        assert (session.complete, session.sealed, session.remarks, session.damage) == (True, False, [], 0)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(("start", "end"), [(0, 5.5), (7.3, 7.9), (19.99, None), (3.0, 3.0), (25.0, None), (-5, 1)])
def test_records_of_a_time(session_file: SessionFile, start: float, end: float | None, sealed: bool) -> None:
    secret = SECRET if sealed else None
    with SessionReader.open(session_file(secret=secret), secret) as session:
        assert list(session.records(start, end)) == [
            one for one in made_up() if start <= one.at_us / 1e6 and (end is None or one.at_us / 1e6 < end)
        ]


def test_records_of_some_kinds(session_file: SessionFile) -> None:
    with SessionReader.open(session_file()) as session:
        kinds = (log.Frame, log.Left)
        assert list(session.records(kinds=kinds)) == [one for one in made_up() if isinstance(one, kinds)]


def test_iterators_do_not_disturb_each_other(session_file: SessionFile) -> None:
    with SessionReader.open(session_file()) as session:
        one, other = session.records(), session.records(10.0)
        pairs = [(next(one), next(other)) for _ in range(20)]
    assert [first for first, _ in pairs] == made_up()[:20]
    assert all(second.at_us >= 10_000_000 for _, second in pairs)


@pytest.mark.parametrize("end", [True, False])
def test_what_holds_at_a_moment(session_file: SessionFile, end: bool) -> None:
    bob = log.Joined(1000, "b2q", "Bob", 15)
    with SessionReader.open(session_file(end=end)) as session:
        assert session.state(0.0) == []
        assert session.state(4.0) == [bob]
        assert _captions(session.state(6.0)) == ["picture 1 of a7k", "picture 1 of b2q"]
        assert _captions(session.state(15.0005)) == ["picture 1 of b2q", "picture 2 of a7k"]
        assert session.state(18.0)[0] == bob
        assert _captions(session.state(20.5)) == ["picture 2 of a7k"]


@pytest.mark.parametrize("how", [{"secret": SECRET}, {"end": False}])
def test_what_was_read_once_is_not_searched_again(
    session_file: SessionFile, how: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sealed file does not tell what is where, nor does one without an end."""
    read: list[int] = []
    read_chunk = mcap_index.read_chunk
    with SessionReader.open(session_file(**how), how.get("secret")) as session:  # type: ignore[arg-type]
        first = session.state(15.5)
        monkeypatch.setattr(
            mcap_index, "read_chunk", lambda file, at, *how: read.append(at) or read_chunk(file, at, *how)
        )
        assert session.state(15.5) == first
        assert len(read) <= 5
        assert list(session.records()) == made_up()


def _captions(records: list[log.Record]) -> list[str | None]:
    return [record.caption for record in records if isinstance(record, log.Frame)]


def test_a_file_without_an_end(session_file: SessionFile) -> None:
    with SessionReader.open(session_file(end=False)) as session:
        assert list(session.records()) == made_up()
        assert not session.complete
        assert session.remarks == [CUT_OFF]
        assert session.damage == 0


def test_a_file_cut_off_in_a_chunk(session_file: SessionFile) -> None:
    path = session_file(end=False)
    path.write_bytes(path.read_bytes()[:-700])
    with SessionReader.open(path) as session:
        found = list(session.records())
        assert found == made_up()[: len(found)]
        assert 18.0 < session.duration_s < 20.0
        assert session.damage == 1


def test_a_damaged_chunk_is_left_out(session_file: SessionFile) -> None:
    path = session_file()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with SessionReader.open(path) as session:
        found = list(session.records())
        missing = [one for one in made_up() if one not in found]
        assert found == [one for one in made_up() if one not in missing]
        assert 0 < missing[-1].at_us - missing[0].at_us < 2e6
        assert session.damage == 1
        assert session.complete


def test_a_session_whose_beginning_is_lost(session_file: SessionFile) -> None:
    path = session_file(end=False)
    data = bytearray(path.read_bytes())
    data[300:700] = bytes(400)
    path.write_bytes(data)
    with SessionReader.open(path) as session:
        assert session.header.started_ns == HEADER.started_ns
        assert session.header.name == ""
        assert list(session.records())[-1] == made_up()[-1]


def test_sealed_with_the_key(session_file: SessionFile) -> None:
    with SessionReader.open(session_file(secret=SECRET), SECRET) as session:
        assert list(session.records()) == made_up()
        assert session.header == HEADER
        assert (session.complete, session.sealed, session.remarks) == (True, True, [])
        assert _captions(session.state(6.0)) == ["picture 1 of a7k", "picture 1 of b2q"]


@pytest.mark.parametrize(("secret", "message"), [(None, NO_KEY), (b"another room", WRONG_KEY)])
@pytest.mark.parametrize("metadata", [True, False])
def test_sealed_without_the_key(session_file: SessionFile, secret: bytes | None, message: str, metadata: bool) -> None:
    path = session_file(secret=SECRET)
    if not metadata:
        path.write_bytes(path.read_bytes().replace(b"sealed", b"leased", 1))
    with pytest.raises(LogError) as caught:
        SessionReader.open(path, secret)
    assert str(caught.value) == f"{str(path)!r}: {message}"


def test_sealed_and_cut_off_where_a_block_ends(session_file: SessionFile) -> None:
    """Whoever cuts a sealed file may make it a whole MCAP file again, but not a whole session."""
    blocks = _blocks(session_file(secret=SECRET))
    with SessionReader(_sealed_file(blocks), SECRET) as session:
        assert session.complete
    with SessionReader(_sealed_file(blocks[:-1]), SECRET) as session:
        assert not session.complete
        assert session.remarks == [CUT_OFF]


def test_sealed_and_something_taken_out(session_file: SessionFile) -> None:
    blocks = _blocks(session_file(secret=SECRET))
    with SessionReader(_sealed_file(blocks[:4] + blocks[5:]), SECRET) as session:
        assert session.damage == 1


def _blocks(path: Path) -> list[Message]:
    with path.open("rb") as file:
        return [message for _, _, message in make_reader(file).iter_messages()]


def _sealed_file(blocks: list[Message]) -> io.BytesIO:
    """A whole file of these blocks, as somebody without the key can make it."""
    stream = io.BytesIO()
    writer = Writer(stream)
    writer.start("pictophone", "somebody else")
    for channel in log.CHANNELS:
        writer.register_channel(channel.topic, channel.encoding, 0)
    for block in blocks:
        writer.add_message(log.SEALED, block.log_time, block.data, block.publish_time)
        writer.flush()
    writer.finish()
    return stream


def test_a_codebook_that_is_not_here(session_file: SessionFile) -> None:
    path = session_file(header=replace(HEADER, codebooks=(CodebookId(9, b"wxyz"),)))
    with SessionReader.open(path) as session:
        assert session.remarks == []
        (remark,) = session.missing_codebooks(shipped_codecs().codebooks())
        assert "codebook 9/7778797a, which is not here" in remark
        assert _captions(list(session.records(kinds=(log.Frame,))))[0] == "picture 1 of a7k"


def test_a_newer_version(session_file: SessionFile, monkeypatch: pytest.MonkeyPatch) -> None:
    from protocol.log import coding

    for secret in (None, SECRET):
        with monkeypatch.context() as newer:
            newer.setattr(coding, "FORMAT", 2)
            newer.setattr(log, "FORMAT", 2)
            path = session_file(f"{secret}.mcap", secret=secret)
        with pytest.raises(LogError, match=r"newer Pictophone \(format 2; this one reads up to 1\): update it"):
            SessionReader.open(path, secret)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"\x89MCAP0\r", b"<html>" * 1000])
def test_no_session(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other.mcap"
    path.write_bytes(data)
    with pytest.raises(LogError, match="not a session: no MCAP file"):
        SessionReader.open(path)


def test_an_mcap_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "robot.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start("ros2")
        channel = writer.register_channel("/speech", "cdr", 0)
        writer.add_message(channel, 1, b"beep", 1)
        writer.finish()
    with pytest.raises(LogError, match="not a session: an MCAP file of something else"):
        SessionReader.open(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"cannot read .*No such file or directory"):
        SessionReader.open(tmp_path / "nothing.mcap")
    with pytest.raises(NodeError, match=r"cannot read .*Is a directory"):
        SessionReader.open(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_might_never_end_is_no_session(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mcap")
    with pytest.raises(NodeError, match=r"cannot read .*pipe.mcap': it is a named pipe"):
        SessionReader.open(tmp_path / "pipe.mcap")
    with pytest.raises(NodeError, match=r"cannot read '/dev/zero': it is a device"):
        SessionReader.open(Path("/dev/zero"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("whole") / "call.mcap", made_up()).read_bytes()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("sealed") / "call.mcap", made_up(), secret=SECRET).read_bytes()


@given(places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=9))
def test_bytes_flipped_anywhere(whole: bytes, places: list[tuple[float, int]]) -> None:
    data = bytearray(whole)
    for place, change in places:
        data[int(place * len(data))] ^= change
    _reads_or_says_why(bytes(data))


@given(places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=9))
def test_bytes_of_a_sealed_file_flipped(sealed: bytes, places: list[tuple[float, int]]) -> None:
    data = bytearray(sealed)
    for place, change in places:
        data[int(place * len(data))] ^= change
    _reads_or_says_why(bytes(data), SECRET)


@given(cut=st.floats(0, 1), insert=st.binary(max_size=50))
def test_bytes_taken_out_and_put_in(whole: bytes, cut: float, insert: bytes) -> None:
    at = int(cut * len(whole))
    _reads_or_says_why(whole[:at] + insert + whole[at + 40 :])


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    _reads_or_says_why(data)
    _reads_or_says_why(b"\x89MCAP0\r\n" + data)


def _reads_or_says_why(data: bytes, secret: bytes | None = None) -> None:
    """What is read was there, in order, or there is one error of one line."""
    try:
        session = SessionReader(io.BytesIO(data), secret)
        found = list(session.records())
    except LogError as error:
        assert "\n" not in str(error)
        return
    assert [one.at_us for one in found] == sorted(one.at_us for one in found)
    assert len(session.remarks) <= 2
    session.state(10.0)


@pytest.mark.parametrize("secret", [None, SECRET])
def test_cut_at_every_997th_byte(session_file: SessionFile, secret: bytes | None) -> None:
    """What lies in chunks that are whole is read, and nothing else."""
    whole, records = session_file(secret=secret).read_bytes(), made_up()
    ends = _ends(whole)
    for at in range(0, len(whole), 997):
        left = sum(end <= at for end in ends)
        try:
            with SessionReader(io.BytesIO(whole[:at]), secret) as session:
                found = list(session.records())
        except LogError:
            assert left == 0
            continue
        assert found == records[: len(found)]
        assert session.duration_s >= 1.7 * (left - 3)  # the first has the header, the next one record, a last one none
        assert not session.complete


def _ends(whole: bytes) -> list[int]:
    summary = make_reader(io.BytesIO(whole)).get_summary()
    assert summary is not None
    return [chunk.chunk_start_offset + chunk.chunk_length for chunk in summary.chunk_indexes]


def test_a_chunk_that_lies_about_its_time_is_found_by_what_is_in_it(session_file: SessionFile) -> None:
    path = session_file(end=False)
    data = bytearray(path.read_bytes())
    place = data.index(b"zstd", len(data) // 2) - 4 - 28
    data[place : place + 8] = random.Random(1).randbytes(8)
    path.write_bytes(data)
    with SessionReader.open(path) as session:
        assert list(session.records()) == made_up()
