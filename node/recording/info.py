"""What a session contains: participants, times, sizes, losses and captions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

from node.recording.participants import Participants, check_count
from node.recording.reader import SessionReader, picture_of, plural
from node.recording.search import check_sought, holds, not_found
from node.recording.speech_loss import SpeechLoss
from node.recording.timecode import format_time
from node.recording.typed_lines import line_of
from protocol import log
from protocol.captions.codebook_id import CodebookId


@dataclass
class SenderSummary:
    """A participant with its node ids, and the speech and frames it sent."""

    name: str
    ids: list[str]
    speech: SpeechLoss = field(default_factory=SpeechLoss)
    frames: int = 0
    frame_bytes: int = 0
    pictures: int = 0
    lines: int = 0
    _known: set[str] = field(default_factory=set)

    def add_id(self, node: str) -> None:
        """Add a node id, once."""
        if node and node not in self._known:
            self._known.add(node)
            self.ids.append(node)


@dataclass
class CaptionEntry:
    """The caption of one picture."""

    at_s: float
    name: str
    caption: str | None
    seed: int
    codec: int


@dataclass
class LineEntry:
    """A line that was typed, or spoken for so long; one that was relayed to the recording node counts for nobody."""

    at_s: float
    name: str
    text: str
    spoken_s: float = 0.0


@dataclass
class SessionInfo:
    """What a session contains. Times are in seconds since `started`, in UTC."""

    file: str
    file_bytes: int
    started: str
    duration_s: float
    complete: bool
    sealed: bool
    damage: int
    program: str
    profile: str
    models: dict[str, str]
    versions: dict[str, str]
    codebooks: list[str]
    people: list[SenderSummary] = field(default_factory=list)
    captions: list[CaptionEntry] = field(default_factory=list)
    lines: list[LineEntry] = field(default_factory=list)
    snapshots: int = 0
    bytes_by_kind: dict[str, int] = field(default_factory=dict)
    meters: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def read_info(path: Path, codebooks: Collection[CodebookId], secret: bytes | None = None) -> SessionInfo:
    """Read a session from begin to end; `codebooks` are ours. LogError or NodeError if it cannot be read at all."""
    with SessionReader.open(path, secret) as session:
        info = _info_of_header(path, session)
        info.remarks += session.missing_codebooks(codebooks)
        counter = _Counter(info, Participants(session))
        for record in session.records():
            counter.add(record)
        info.damage = session.damage
        if session.left_out and not any("damaged" in remark for remark in info.remarks):
            info.remarks.append(session.left_out)
    counter.finish()
    return info


def _info_of_header(path: Path, session: SessionReader) -> SessionInfo:
    header = session.header
    return SessionInfo(
        file=str(path),
        file_bytes=path.stat().st_size,
        started=datetime.fromtimestamp(header.started_ns / 1e9, UTC).isoformat(timespec="seconds"),
        duration_s=session.duration_s,
        complete=session.complete,
        sealed=session.sealed,
        damage=0,
        program=header.program,
        profile=header.profile,
        models=dict(header.models),
        versions=dict(header.versions),
        codebooks=[f"{book.id}/{book.hash.hex()}" for book in header.codebooks],
        remarks=list(session.remarks),
    )


class _Counter:
    """Adds record by record to a session's info."""

    def __init__(self, info: SessionInfo, people: Participants) -> None:
        self._info, self._people = info, people
        self._senders: dict[str, SenderSummary] = {}
        self._snapshot_bytes = 0
        self._of(people.own)

    def add(self, record: log.Record) -> None:
        self._people.learn(record)
        match record:
            case log.Speech(sender=sender):
                speech = self._of(sender).speech
                speech.add(record)
                if sender == self._people.own:
                    speech.left(sender)  # nothing sent is lost here: a gap is where sessions were joined
            case log.Frame():
                self._add_frame(record)
            case log.Joined():
                self._of(record.peer)
            case log.Left():
                self._of(record.peer).speech.left(record.peer)
            case log.Meters():
                self._info.meters = dict(record.values)
            case log.Snapshot():
                self._info.snapshots += 1
                self._snapshot_bytes += len(record.data)

    def finish(self) -> None:
        """Add up the totals."""
        info = self._info
        info.people = [sender for sender in self._senders.values() if sender.name]
        for sender in info.people:
            sender.speech.kbps = round(sender.speech.bytes * 8 / 1000 / max(info.duration_s, 1e-9), 2)
        kinds = {
            "speech": sum(sender.speech.bytes for sender in info.people),
            "copies": sum(sender.speech.copies_bytes for sender in info.people),
            "frames": sum(sender.frame_bytes for sender in info.people),
            "snapshots": self._snapshot_bytes,
        }
        info.bytes_by_kind = {kind: size for kind, size in kinds.items() if size}

    def _add_frame(self, record: log.Frame) -> None:
        sender = self._of(record.sender)
        sender.frames += 1
        sender.frame_bytes += len(record.frame)
        if (picture := picture_of(record.frame)) is not None:
            sender.pictures += 1
            at_s = record.at_us / 1e6
            self._info.captions.append(CaptionEntry(at_s, sender.name, record.caption, picture.seed, picture.codec))
        elif (line := line_of(record)) is not None:
            name = line.name or sender.name
            sender.lines += line.author == record.sender
            self._info.lines.append(LineEntry(line.at_s, name, line.text, line.spoken_s))

    def _of(self, node: str) -> SenderSummary:
        name = self._people.name(node)
        if (sender := self._senders.get(name)) is None:
            sender = self._senders[name] = SenderSummary(name, [])
            check_count(len(self._senders))
        sender.add_id(node)
        return sender


# -- as text


def info_lines(
    path: Path, codebooks: Collection[CodebookId], secret: bytes | None, as_json: bool, grep: str | None = None
) -> Iterator[str]:
    """Return the lines to print: JSON, or `text_lines`; with `grep`, of captions and lines those that hold this text.

    Raises NodeError if none does.
    """
    if grep is not None:
        check_sought(grep)
    info = read_info(path, codebooks, secret)
    if grep is not None:
        _keep(info, grep)
        if not (info.captions or info.lines):
            raise not_found(path, grep, info.remarks)
        if not as_json:
            yield from words_lines(info)
            return
    if as_json:
        yield json.dumps(asdict(info, dict_factory=_public))
    else:
        yield from text_lines(info)


def _public(fields: list[tuple[str, object]]) -> dict[str, object]:
    return {name: value for name, value in fields if not name.startswith("_")}


def text_lines(info: SessionInfo) -> Iterator[str]:
    """Return the info in lines for the user."""
    sealed = ", sealed" if info.sealed else ""
    yield f"{info.file}: {format_time(info.duration_s)} from {info.started}, {plural(info.file_bytes, 'byte')}{sealed}"
    yield from info.remarks
    made = [info.program, f"profile {info.profile}" if info.profile else "", *_models(info)]
    yield f"made by   {', '.join(filter(None, made)) or 'an unknown program'}"
    yield from map(_sender_line, info.people)
    if info.bytes_by_kind:
        kinds = ", ".join(f"{kind} {size:,}" for kind, size in info.bytes_by_kind.items())
        yield f"bytes     {kinds}; {info.file_bytes * 8 / 1000 / max(info.duration_s, 1e-9):.2f} kbit/s of file"
    if info.snapshots:
        yield f"snapshots {info.snapshots}"
    yield from words_lines(info)


def words_lines(info: SessionInfo) -> Iterator[str]:
    """Return the captions and the lines of people, in order of time."""
    for at_s, text in sorted([*_captions(info), *_typed(info)], key=itemgetter(0)):
        yield f"{format_time(at_s):>8}  {text}"


def _keep(info: SessionInfo, grep: str) -> None:
    """Leave out the captions and lines that do not hold this text."""
    info.captions = [caption for caption in info.captions if holds(caption.caption or "", grep)]
    info.lines = [line for line in info.lines if holds(line.text, grep)]


def _captions(info: SessionInfo) -> Iterator[tuple[float, str]]:
    for caption in info.captions:
        words = caption.caption if caption.caption is not None else f"(a caption of codec {caption.codec})"
        yield caption.at_s, f"{caption.name}: {words}"


def _typed(info: SessionInfo) -> Iterator[tuple[float, str]]:
    for line in info.lines:
        yield line.at_s, f"{line.name} {'says' if line.spoken_s else 'writes'}: {line.text}"


def _models(info: SessionInfo) -> Iterator[str]:
    for role, model in info.models.items():
        version = info.versions.get(role)
        yield f"{role} {model}{f' ({version})' if version else ''}"


def _sender_line(sender: SenderSummary) -> str:
    speech, parts = sender.speech, list[str]()
    if speech.packets:
        parts.append(
            f"{plural(speech.packets, 'packet')} of speech, {speech.kbps:.2f} kbit/s over the session without headers, "
            f"{speech.lost} lost ({speech.loss_percent:.1f} %)"
        )
    if sender.frames:
        what = [plural(sender.pictures, "picture"), *([plural(sender.lines, "line")] if sender.lines else [])]
        parts.append(f"{' and '.join(what)} in {plural(sender.frame_bytes, 'byte')} of words and frame")
    return f"{sender.name:<9} {'; '.join(parts) or 'sent nothing'}"
