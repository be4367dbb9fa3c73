"""A recorded call as a video, a sound, subtitles, a page, or lines of JSON, as the end of the file's name says."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from node.common.files import atomic_write
from node.export.html import PageEvents, page
from node.export.jsonl import Lines
from node.export.subtitles import MOST_LINES, MOST_NAME_LETTERS, CaptionTrack, Cue, cues, one_line, said_by, srt
from node.export.timeline import ExportTimeline, TimelineStep
from node.export.video_frame import SIZE, Tile, draw
from node.export.video_writer import MP4, WEBM, VideoFormat, VideoWriter
from node.recording.reader import Session
from node.recording.timecode import clock
from node.replay.models import painter
from node.speech.sound_files import OggOpus
from protocol.captions.registry import CaptionCodecs
from protocol.errors import NodeError, UsageError

PICTURE_AT_LEAST_EVERY_S = 1.0
"""A film in which nothing moves still has a frame a second, for players that seek by them."""

BREATH = 50
"""Moments, a second of them, after which the event loop gets its turn."""

Progress = Callable[[float, float], None]
"""Told how many seconds of how many are done."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a person asked for; times in seconds, names of those to be heard (nobody named: all)."""

    output: Path
    start: float = 0.0
    end: float | None = None
    pictures: bool = True
    who: tuple[str, ...] = ()
    models: str | None = None
    generator: str | None = None
    lyra_folder: Path | None = None
    force: bool = False


async def run(
    file: Path,
    codecs: CaptionCodecs,
    asked: ExportOptions,
    secret: bytes | None,
    note: Callable[[str], None],
    progress: Progress = lambda _, __: None,
) -> None:
    """Writes the export. Raises UsageError, NodeError or LogError, and leaves no half of a file."""
    write = _WRITERS.get(asked.output.suffix.lower())
    if write is None:
        raise UsageError(f"cannot export to {asked.output.name!r}: its name must end in {', '.join(_WRITERS)}")
    with Session.open(file, secret) as session:
        for remark in (*session.remarks, *session.missing_codebooks(codecs.codebooks())):
            note(remark)
        if asked.start >= session.duration_s > 0:
            raise UsageError(f"--from {clock(asked.start)} is after the session's end, {clock(session.duration_s)}")
        with atomic_write(asked.output, asked.force) as path:
            await write(_Work(session, codecs, asked, path, note, progress))
        if session.left_out and not any("damaged" in remark for remark in session.remarks):
            note(session.left_out)


@dataclass(frozen=True, slots=True)
class _Work:
    session: Session
    codecs: CaptionCodecs
    asked: ExportOptions
    path: Path
    note: Callable[[str], None]
    progress: Progress

    @contextlib.asynccontextmanager
    async def story(self, pictures: bool) -> AsyncIterator[ExportTimeline]:
        """The story, its painter ready if pictures are wanted."""
        async with contextlib.AsyncExitStack() as stack:
            asked, paint = self.asked, None
            if pictures and asked.pictures:
                header = self.session.header
                paint = await stack.enter_async_context(painter(header, asked.models, asked.generator, self.note))
            story = ExportTimeline(
                self.session, self.codecs, start=asked.start, end=asked.end, paint=paint, lyra_folder=asked.lyra_folder,
                note=self.note,
            )  # fmt: skip
            if asked.who:
                story.hear_only(story.roster.ids(asked.who))
            yield story

    async def moments(self, story: ExportTimeline) -> AsyncIterator[TimelineStep]:
        """The moments, telling the progress; the loop gets its turn now and then."""
        count = 0
        async for moment in story.moments():
            yield moment
            count += 1
            if count % BREATH == 0:
                self.progress(moment.at, story.seconds)
                await asyncio.sleep(0)
        self.progress(story.seconds, story.seconds)


# -- video


async def _film(work: _Work, kind: VideoFormat) -> None:
    async with work.story(pictures=True) as story:
        with _blaming_the_encoder(work.asked.output):
            film = VideoWriter(work.path, kind, SIZE)
            try:
                await _shoot(work, story, film)
                film.close()
            except BaseException:
                with contextlib.suppress(Exception):
                    film.abandon()
                raise


async def _shoot(work: _Work, story: ExportTimeline, film: VideoWriter) -> None:
    shown, people, next_at, at = None, None, 0.0, 0.0
    titles = _Titles(film)
    async for moment in work.moments(story):
        at = moment.at
        titles.see(at, moment.people)
        if moment.people is not people:
            people, shown = moment.people, draw(moment.people)
            next_at = at
        if shown is not None and at >= next_at:
            film.picture(at, shown)
            next_at = at + PICTURE_AT_LEAST_EVERY_S
        film.sound(moment.sound)
    titles.end(at)
    if shown is not None and at > next_at - PICTURE_AT_LEAST_EVERY_S:
        film.picture(at, shown)


class _Titles:
    """Writes each subtitle once its end is known."""

    def __init__(self, film: VideoWriter) -> None:
        self._film, self._since, self._text = film, 0.0, ""

    def see(self, at: float, people: tuple[Tile, ...]) -> None:
        shown = [said_by(one.name, one.words) for one in people if one.here and one.words]
        text = "\n".join(shown[-MOST_LINES:])
        if text != self._text:
            self.end(at)
            self._since, self._text = at, text

    def end(self, at: float) -> None:
        for cue in cues([CaptionTrack(self._since, "", self._text)], at) if self._text else ():
            self._film.caption(Cue(cue.start, cue.end, self._text))


@contextlib.contextmanager
def _blaming_the_encoder(path: Path) -> Iterator[None]:
    import av

    try:
        yield
    except av.error.FFmpegError as error:
        raise NodeError(f"cannot write {str(path)!r}: {error.strerror}") from None


# -- sound


async def _opus(work: _Work) -> None:
    async with work.story(pictures=False) as story:
        with work.path.open("wb") as file, _blaming_the_encoder(work.asked.output):
            ogg = OggOpus(file)
            async for moment in work.moments(story):
                ogg.sound(moment.sound)
            ogg.close()


# -- words


async def _srt(work: _Work) -> None:
    asked, end = work.asked, work.session.duration_s
    end = end if asked.end is None else min(asked.end, end)
    subtitles = cues(words_of(work.session, work.codecs, asked.start, end), end - asked.start)
    work.path.write_text(srt(subtitles), encoding="utf-8", errors="replace")


def words_of(session: Session, codecs: CaptionCodecs, start: float, end: float) -> Iterator[CaptionTrack]:
    """Yields from when on whose picture shows what, in seconds since `start`; who left shows nothing."""
    from node.recording.roster import Attendance
    from node.replay.pictures import PictureReader
    from protocol.log import Frame, Left

    roster, reading = Attendance(session), PictureReader(codecs, session.header.codebooks, lambda text: None)
    holds = [record for record in session.state(start) if isinstance(record, Frame)]
    for record in (*holds, *session.records(start, end, kinds=(Frame, Left))):
        at = max(record.at_us / 1e6 - start, 0.0)
        sender = record.sender if isinstance(record, Frame) else record.peer if isinstance(record, Left) else ""
        if (place := roster.place(sender)) is None:
            continue
        name = roster.members[place].name
        if isinstance(record, Left):
            yield CaptionTrack(at, name, "")
        elif isinstance(record, Frame) and (told := reading.read(record)) is not None:
            yield CaptionTrack(at, name, told.prompt.text)


async def _jsonl(work: _Work) -> None:
    # What is text and cannot be coded, a lone surrogate, becomes the escape that JSON has for it.
    with work.path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for number, line in enumerate(Lines(work.session, work.codecs, work.asked.start, work.asked.end)):
            file.write(line)
            if number % 1000 == 0:
                await asyncio.sleep(0)


# -- page


async def _html(work: _Work) -> None:
    async with work.story(pictures=True) as story:
        album, sound = PageEvents(), io.BytesIO()
        members = story.roster.members
        album.people = [member.name for member in members]
        album.here = [
            [(max(came - story.start, 0.0), min(went - story.start, story.seconds)) for came, went in member.here]
            for member in members
        ]
        with _blaming_the_encoder(work.asked.output):
            ogg = OggOpus(sound)
            seconds = await _fill(work, story, album, ogg)
            ogg.close()
        title, told = headline(work.session, [member.name for member in members], seconds)
        whole_page = page(title, told, seconds, album, sound.getvalue())
        work.path.write_text(whole_page, encoding="utf-8", errors="backslashreplace")


async def _fill(work: _Work, story: ExportTimeline, album: PageEvents, ogg: OggOpus) -> float:
    seen: tuple[Tile, ...] = tuple(Tile(member.name) for member in story.roster.members)
    seconds = 0.0
    async for moment in work.moments(story):
        ogg.sound(moment.sound)
        for place, (before, now) in enumerate(zip(seen, moment.people, strict=True)):
            if (before.words, before.image) != (now.words, now.image):
                album.add(moment.at, place, now.words, now.image)
        seen, seconds = moment.people, moment.at
    return seconds


def headline(session: Session, names: list[str], seconds: float) -> tuple[str, str]:
    """What a page is called, and what it says of the session below that."""
    shown = [one_line(name, MOST_NAME_LETTERS) for name in names]
    title = " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]])) or "A recorded call"
    when = datetime.fromtimestamp(session.header.started_ns / 1e9).astimezone()
    return title, f"{when:%d %B %Y, %H:%M}, {clock(seconds)} long. Pictures were sent as words and painted again."


_WRITERS: Mapping[str, Callable[[_Work], Awaitable[None]]] = {
    ".mp4": lambda work: _film(work, MP4),
    ".webm": lambda work: _film(work, WEBM),
    ".opus": _opus,
    ".srt": _srt,
    ".html": _html,
    ".jsonl": _jsonl,
}
