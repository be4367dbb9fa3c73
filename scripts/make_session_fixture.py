#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Records tests/data/session-v1.mcap: a few seconds of the shipped dialogue, with two pictures from each side.

    .venv/bin/python scripts/make_session_fixture.py OUT.mcap

Every later version must read the file that is committed, so it is never made again: a format 2 gets a file of its own.
Beside it OUT.json says what must be read from it.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import session_traffic
from PIL import Image

from node.recording.writer import SessionWriter, create_file
from protocol import log
from protocol.rtp.red import Copy

SECONDS = 7.0
HEADER = replace(session_traffic.HEADER, program="pictophone 0.1.0", versions={"torch": "2.13.0"})


def main() -> None:
    path = Path(sys.argv[1])
    records = _with_a_copy(session_traffic.duplex(SECONDS))
    records += [log.Note(6_900_000, "the broker is back"), log.Left(7_000_000, session_traffic.PEER)]
    records.append(log.Meters(7_100_000, {"sent_bytes": 9120, "received_bytes": 8770, "lost": 0, "delay_ms": 206.5}))
    records.append(log.Snapshot(800_000, 1, "webp", _drawn()))
    records.sort(key=lambda record: record.at_us)
    with create_file(path) as stream:
        writer = SessionWriter(stream, HEADER)
        writer.write_all(records)
        writer.finish()
    path.with_suffix(".json").write_text(json.dumps(told(HEADER, records), indent=1) + "\n")


def _with_a_copy(records: list[log.Record]) -> list[log.Record]:
    """The same, with a copy of the packet before in the tenth packet of speech."""
    places = [number for number, record in enumerate(records) if isinstance(record, log.Speech)]
    earlier, later = records[places[8]], records[places[9]]
    assert isinstance(earlier, log.Speech)
    assert isinstance(later, log.Speech)
    records[places[9]] = replace(later, copies=(Copy(5760, earlier.payload),))
    return records


def _drawn() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(file, "WEBP")
    return file.getvalue()


def told(header: log.Header, records: list[log.Record]) -> dict[str, Any]:
    """What the test compares: the header, every record that is not speech, and of speech numbers and a digest."""
    spoken = [record for record in records if isinstance(record, log.Speech)]
    return {
        "header": _plain(header),
        "records": [[type(record).__name__, _plain(record)] for record in records if record not in spoken],
        "speech": [[one.at_us, one.sender, one.sequence, one.timestamp, len(one.payload)] for one in spoken],
        "copies": [[one.at_us, copy.offset, copy.payload.hex()] for one in spoken for copy in one.copies],
        "speech_sha256": hashlib.sha256(b"".join(one.payload for one in spoken)).hexdigest(),
    }


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(asdict(value), default=bytes.hex))


if __name__ == "__main__":
    main()
