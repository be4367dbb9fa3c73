"""Files made to keep a reader busy: one line, after no more work than a recording of their size is."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgpack
import pytest
import zstandard
from command import Command
from mcap_files import STARTED_NS, Entry, chunk, header, message, messages, opened, our_channels, packed_chunk, whole

from node.captions.coder import shipped_codecs
from node.recording import chunk_records, mcap_chunks, read_budget
from node.recording.edit import Redaction, cut, join, recover, redact
from node.recording.info import read_info
from node.recording.mcap_records import MAGIC
from node.recording.mcap_summary import read_index
from node.recording.participants import MAX_PARTICIPANTS, Attendance
from node.recording.read_budget import (
    BYTES_FROM_A_BYTE,
    BYTES_OF_A_RECORD,
    FREE_BYTES,
    FREE_RECORDS,
    MAX_CHUNK_RECORDS,
    BudgetError,
    ReadBudget,
)
from node.recording.reader import MAX_SESSION_S, MAX_SILENCE_S, SessionReader
from protocol import log
from protocol.errors import LogError
from protocol.log.packed_speech import MAX_BUNDLE_PACKETS

CODEBOOKS = shipped_codecs().codebooks()

BEGINNING = our_channels() + messages([log.Note(1000, "near")])
FIRST = len(MAGIC) + len(header("pictophone"))
HOURS, PEOPLE, PACKETS_A_SECOND = 10, 8, 1000 / 120
"""Of the largest recording that must be read."""
PART = 20
"""Files and budget are divided by it where the whole is read by every command."""


def squeezed(records: bytes) -> bytes:
    """A chunk that is nearly all repetition."""
    return packed_chunk(zstandard.ZstdCompressor(level=9).compress(records), len(records), STARTED_NS, STARTED_NS)


def many_messages(part: int = 1) -> bytes:
    return whole(squeezed(BEGINNING + message(6, STARTED_NS) * (1_460_000 // part)))


def many_messages_of_others(part: int = 1) -> bytes:
    return whole(squeezed(BEGINNING + message(99, STARTED_NS) * (1_460_000 // part)))


def bombs(indexed: bool, part: int = 1) -> bytes:
    first, bomb = chunk(BEGINNING, STARTED_NS, STARTED_NS), squeezed(bytes(1 << 26))
    places = [Entry(FIRST, len(first), unpacked=len(BEGINNING))]
    count = 200 // part
    places += [Entry(FIRST + len(first) + n * len(bomb), len(bomb), unpacked=1 << 26) for n in range(count)]
    return whole(first, bomb * count, summary=places if indexed else b"")


def bundles(part: int = 1) -> bytes:
    bundle = msgpack.packb([["b2q", [0, b""] * 60_000]])
    return whole(squeezed(BEGINNING + message(2, STARTED_NS, bundle) * (300 // part)))


BUSY: dict[str, Callable[..., bytes]] = {
    "1.46 million messages": many_messages,
    "1.46 million messages of others": many_messages_of_others,
    "200 zip bombs": partial(bombs, indexed=False),
    "200 zip bombs, with an index": partial(bombs, indexed=True),
    "18 million packets": bundles,
}


every_busy_file = pytest.mark.parametrize("make", BUSY.values(), ids=BUSY)


@every_busy_file
def test_it_is_one_line_after_bounded_work(make: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    busy = make()
    unpacked, decoded = [0], [0]
    decompressed, decode = mcap_chunks.decompressed, log.decode

    def count_bytes(*what: object) -> bytes:
        plain = decompressed(*what)  # type: ignore[arg-type]
        unpacked[0] += len(plain)
        return plain

    def count_records(found: log.Message) -> list[log.Record]:
        records = decode(found)
        decoded[0] += len(records)
        return records

    monkeypatch.setattr(mcap_chunks, "decompressed", count_bytes)
    monkeypatch.setattr(chunk_records.log, "decode", count_records)
    with pytest.raises(BudgetError, match=r"no recording holds so much: more than [\d,]+ (bytes|records) in a file of"):
        list(SessionReader(io.BytesIO(busy)).records())
    goes = 4  # through the file: its first message, its header, its end, its records
    assert unpacked[0] <= goes * (FREE_BYTES + BYTES_FROM_A_BYTE * len(busy))
    assert decoded[0] <= goes * (FREE_RECORDS + len(busy) // BYTES_OF_A_RECORD) + MAX_BUNDLE_PACKETS


@every_busy_file
def test_every_command_says_so_in_one_line(
    make: Callable[..., bytes], command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a part of the budget, and files that have a part of everything."""
    for module, name in ((read_budget, "FREE_RECORDS"), (mcap_chunks, "MAX_CHUNK_RECORDS")):
        monkeypatch.setattr(module, name, getattr(module, name) // PART)
    path, out = tmp_path / "busy.mcap", tmp_path / "out.mcap"
    path.write_bytes(make(part=PART))
    commands: list[list[object]] = [
        ["session", "info", path],
        ["session", "export", path, "-o", tmp_path / "out.mp4"],
    ]
    commands += [["session", kind, path, "--output", out] for kind in ("cut", "recover", "join")]
    commands += [["session", "redact", path, "--output", out, "--speech"], ["replay", path]]
    for words in commands:
        assert "no recording holds so much" in command.fails(*words)
    assert list(tmp_path.iterdir()) == [path]


def test_the_densest_recording_there_can_be_is_within_bounds() -> None:
    """Ten hours of eight people whose packets are all alike: measured by `scripts/bench_session.py silence`."""
    packets = round(HOURS * 3600 * PEOPLE * PACKETS_A_SECOND)
    file_bytes, unpacked = 5_413_573, 294_082_227
    budget = ReadBudget(file_bytes)
    for _ in range(2):
        budget.take_bytes(unpacked)
        budget.take_records(packets)


def test_many_entries_of_one_chunk_are_not_believed() -> None:
    first = chunk(BEGINNING, STARTED_NS, STARTED_NS)
    for entries in ([Entry(FIRST, len(first))] * 5000, [Entry(FIRST + n, len(first) - n) for n in range(20)]):
        data = whole(first, summary=entries)
        with SessionReader(opened(data)) as session:
            assert list(session.records()) == [log.Note(1000, "near")]
        assert len(read_index(opened(data))) == 1


@pytest.mark.parametrize("far_ns", [(1 << 64) - 1, STARTED_NS + MAX_SESSION_S * 10**9 + 1, STARTED_NS + 10**16])
@pytest.mark.parametrize("apart", [True, False])
def test_what_is_far_away_is_left_out(far_ns: int, apart: bool) -> None:
    far = message(6, far_ns, log.encode([log.Note(0, "far")])[0].data)
    parts = [BEGINNING, far] if apart else [BEGINNING + far]
    with SessionReader(
        opened(whole(*(chunk(part, STARTED_NS, far_ns if far in part else STARTED_NS) for part in parts)))
    ) as it:
        assert list(it.records()) == [log.Note(1000, "near")]
        assert it.duration_s == 0.001
        assert it.damage == 1


def test_a_pause_of_hours_is_none(tmp_path: Path) -> None:
    """Of speech alone, which another tool took out of a recording."""
    later = message(6, STARTED_NS + (MAX_SILENCE_S - 1) * 10**9, log.encode([log.Note(0, "later")])[0].data)
    with SessionReader(opened(whole(BEGINNING + later))) as session:
        assert [one.text for one in session.records() if isinstance(one, log.Note)] == ["near", "later"]


def test_a_beginning_that_is_a_lie_is_not_believed() -> None:
    lying = log.Header(STARTED_NS - 10**17, 0.0, "a7k", "Ann")
    records = our_channels() + messages([log.Note(1000, "near")], header=lying)
    with SessionReader(opened(whole(records))) as session:
        assert session.header.started_ns == STARTED_NS
        assert session.duration_s == 0.001


def test_a_crowd_is_no_session(tmp_path: Path) -> None:
    crowd: list[log.Record] = [log.Joined(n, f"p{n}", f"person {n}", 15) for n in range(MAX_PARTICIPANTS + 1)]
    speakers: list[log.Record] = [log.Speech(n, f"p{n}", 0, 0, b"\x08") for n in range(MAX_PARTICIPANTS + 1)]
    for records in (crowd, speakers):
        path = tmp_path / "crowd.mcap"
        path.write_bytes(whole(our_channels() + messages(records)))
        with pytest.raises(LogError, match=f"more than {MAX_PARTICIPANTS} people in one session"):
            read_info(path, CODEBOOKS)
    with (
        SessionReader(opened(whole(our_channels() + messages(crowd)))) as session,
        pytest.raises(LogError, match="more than"),
    ):
        Attendance(session)


def test_one_who_comes_again_and_again_is_one() -> None:
    """However often: what is asked of them for every moment must not take longer for that."""
    records: list[log.Record] = []
    for n in range(5000):
        records += [log.Joined(n * 10, f"p{n}", "Ben", 15), log.Left(n * 10 + 5, f"p{n}")]
    with SessionReader(opened(whole(our_channels() + messages(records)))) as session:
        (ben,) = Attendance(session).participants
    assert len(ben.ids) == len(ben.present) == 5000
    assert [ben.is_present(at) for at in (0.0, 4e-6, 7e-6, 11e-6)] == [True, True, False, True]


def test_a_bundle_of_more_packets_than_a_recorder_keeps() -> None:
    bundle = msgpack.packb([["b2q", [0, 0, 0, b""] + [0, -1, 0, b""] * MAX_BUNDLE_PACKETS]])
    with pytest.raises(LogError, match=f"more than {MAX_BUNDLE_PACKETS} packets"):
        log.decode(log.Message(2, 0, bundle))


def test_a_chunk_of_more_records_than_go_into_memory() -> None:
    records = BEGINNING + message(6, STARTED_NS) * MAX_CHUNK_RECORDS
    data = whole(squeezed(records), b"\x90" + (1 << 23).to_bytes(8, "little") + bytes(1 << 23))
    with pytest.raises(LogError, match="nothing of this session is left"):
        SessionReader(opened(data))


@pytest.mark.parametrize(
    "make",
    [
        lambda file, out: cut(file, out, 0.0, None, None),
        lambda file, out: join([file], out, None),
        lambda file, out: redact(file, out, Redaction(speech=True), None),
        lambda file, out: recover(file, out, None),
    ],
)
def test_a_file_that_lies_about_its_chunks_leaves_no_half_of_an_output(
    make: Callable[[Path, Path], object], tmp_path: Path
) -> None:
    """Its index says little: what is in the chunks between the first and the last is found when they are read."""
    first, last = (chunk(BEGINNING, STARTED_NS, STARTED_NS + n) for n in (0, 10**10))
    bomb = packed_chunk(zstandard.compress(b"\x99" * (1 << 24)), 1 << 24, STARTED_NS + 10, STARTED_NS + 10)
    places = [Entry(FIRST, len(first))]
    places += [
        Entry(FIRST + len(first) + n * len(bomb), len(bomb), STARTED_NS + 10, STARTED_NS + 10, 9) for n in range(20)
    ]
    places.append(Entry(FIRST + len(first) + 20 * len(bomb), len(last), STARTED_NS + 10**10, STARTED_NS + 10**10))
    path = tmp_path / "lying.mcap"
    path.write_bytes(whole(first, bomb * 20, last, summary=places))
    with pytest.raises(LogError, match="no recording holds so much"):
        make(path, tmp_path / "out.mcap")
    assert list(tmp_path.iterdir()) == [path]
