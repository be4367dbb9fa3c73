"""Sessions on the disk, made up."""

from __future__ import annotations

import random
from pathlib import Path

from node.captions.coder import shipped_codecs
from node.recording.writer import SessionWriter, create_file
from protocol import frames, log

CODECS = shipped_codecs()

SECRET = b"the secret of a room"
STARTED_NS = 1_790_000_000_000_000_000
HEADER = log.Header(STARTED_NS, 5.0, "a7k", "Ann", "pictophone 1", codebooks=CODECS.codebooks())


def made_up(seconds: float = 20.0) -> list[log.Record]:
    """A call: Bob comes, both talk by turns, each shows two pictures in UTF-8, Bob leaves."""
    rng = random.Random(3)
    records: list[log.Record] = [log.Joined(1000, "b2q", "Bob", 15), log.Note(1001, "Bob is here")]
    for number in range(int(seconds / 0.12)):
        at_us, sender = number * 120_000 + 50_000, "b2q" if number // 20 % 2 else "a7k"
        payload = rng.randbytes(rng.randint(100, 130))
        records.append(log.Speech(at_us + rng.randrange(9000), sender, number, number * 5760, payload))
    for sequence in (1, 2):
        for sender in ("a7k", "b2q"):
            at_us = round((sequence - 0.5) * seconds / 2 * 1e6) + (sender == "b2q") * 1000
            words = f"picture {sequence} of {sender}"
            frame = frames.Picture(sequence, at_us // 1000, 0, words.encode(), sequence)
            records.append(log.Frame(at_us, sender, frames.encode(frame), words))
    records += [log.Meters(10_000_000, {"lost": 1, "delay_ms": 206.5}), log.Left(round(seconds * 1e6), "b2q")]
    return sorted(records, key=lambda record: record.at_us)


def write(
    path: Path, records: list[log.Record], *, secret: bytes | None = None, header: log.Header = HEADER, end: bool = True
) -> Path:
    """A session's file of these records; without its end unless `end`."""
    with create_file(path) as stream:
        writer = SessionWriter(stream, header, secret)
        writer.write_all(records)
        if end:
            writer.finish(records[-1].at_us)
    return path
