"""What an archive's workers are sent and reply."""

from __future__ import annotations

from node.export.archive_messages import ArchiveJob, job_of, outcome_of, pack, unit_of, unpack, unpacker
from node.export.archive_units import ArchiveOptions, MadeFile, Outcome, Unit

MADE = MadeFile("0" * 64, 1 << 40, 1_795_857_086_525_173_339, "1" * 64)
UNITS = (Unit("/calls/\udce9.mcap", "\udce9.mp4"), Unit("/a", "a.mp4", (MADE, MADE)))
JOBS = (
    ArchiveJob(ArchiveOptions("/out"), "/out/.part/1"),
    ArchiveJob(
        ArchiveOptions("/out", "html", 1.0, 2.5, False, False, ("Ann", "Ben"), "people", "/m", "/l", True), "/s", b"\0k"
    ),
    ArchiveJob(ArchiveOptions("/out"), "/out/.part/1", room_file="/room"),
)
OUTCOMES = (
    Outcome(MADE, notes=("a", "b")),
    Outcome(skipped=True),
    Outcome(reason="no", lasting=True, full=True),
)


def test_messages_come_as_they_were_sent() -> None:
    assert tuple(unit_of(unpack(pack(unit))) for unit in UNITS) == UNITS
    assert tuple(job_of(unpack(pack(job))) for job in JOBS) == JOBS
    assert tuple(outcome_of(unpack(pack(outcome))) for outcome in OUTCOMES) == OUTCOMES


def test_a_stream_is_split_into_them() -> None:
    stream, sent = unpacker(), b"".join(map(pack, UNITS))
    found = []
    for at in range(0, len(sent), 7):
        stream.feed(sent[at : at + 7])
        found += [unit_of(fields) for fields in stream]
    assert tuple(found) == UNITS


def test_the_key_of_sealed_sessions_is_in_no_text_of_a_job() -> None:
    assert "secret" not in repr(ArchiveJob(ArchiveOptions("/out"), "/s", b"\0k"))
