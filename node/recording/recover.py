"""Makes a whole session of what is left of a damaged one."""

from __future__ import annotations

from pathlib import Path

from node.common.files import atomic_write
from node.recording.reader import SessionReader, plural
from node.recording.timecode import format_time
from node.recording.writer import SessionWriter


def recover(path: Path, output: Path | None, secret: bytes | None) -> list[str]:
    """Writes everything of `path` that can be read to a new file, by default one beside it, and tells what was found.

    A sealed session is sealed again. Raises LogError if nothing is left, or it is no session; NodeError or UsageError
    if the new file cannot be written, of which nothing stays then.
    """
    output = output or path.with_stem(f"{path.stem}-recovered")
    with SessionReader.open(path, secret) as session:
        with atomic_write(output) as beside, beside.open("wb") as stream:
            writer = SessionWriter(stream, session.header, secret if session.sealed else None)
            writer.write_all(session.records())
            writer.finish(round(session.duration_s * 1e6))
        return [*_told(session), f"{format_time(session.duration_s)} of the session are in {output}"]


def _told(session: SessionReader) -> list[str]:
    if session.complete and not session.damage:
        return ["this session was whole"]
    told = [] if session.complete else ["it has no end: what was recorded in its last two seconds may be lost"]
    return [*told, f"{plural(session.damage, 'place')} could not be read"] if session.damage else told
