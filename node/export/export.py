"""Exports a session as a video, a sound, subtitles, a page or JSON lines, by the suffix of the output's name."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from node.common.files import atomic_write, wrote
from node.export.export_options import SUBTITLED, ExportOptions, Painters, Progress, parts
from node.export.html import PageEvents, headline, render_page
from node.export.jsonl import JsonLines
from node.export.subtitle_choice import SubtitleMaker, Subtitles, chosen
from node.export.subtitles import srt
from node.export.timeline import ExportTimeline, TimelineStep
from node.export.video_frame import SIZE, Tile, draw_frame
from node.export.video_writer import MP4, WEBM, LineTrack, SubtitleTrack, VideoFormat, VideoWriter
from node.recording.participants import Attendance
from node.recording.reader import SessionReader
from node.recording.timecode import format_time
from node.recording.typed_lines import named_lines
from node.replay.pictures import session_painter
from node.speech.sound_files import OggOpus
from protocol.captions.registry import CaptionCodecs
from protocol.errors import NodeError, UsageError

# A video in which nothing moves still has a frame a second, for players that seek by them.
PICTURE_AT_LEAST_EVERY_S = 1.0

# What is missing where subtitles are empty.
EMPTY = {
    Subtitles.SAID: "was said or typed",
    Subtitles.SHOWN: "was shown",
    Subtitles.ALL: "was said, typed or shown",
}

# Steps, a second of them, after which the event loop gets its turn.
STEPS_A_TURN = 50


async def export_session(
    file: Path,
    codecs: CaptionCodecs,
    options: ExportOptions,
    secret: bytes | None,
    note: Callable[[str], None],
    progress: Progress = lambda _, __: None,
    painters: Painters | None = None,
) -> None:
    """Export the session in `file`, its captions decoded with `codecs`; `painters` paint, or a process for this alone.

    Raises UsageError, NodeError or LogError, and leaves no incomplete file.
    """
    suffix = options.output.suffix.lower()
    export = _EXPORTS.get(suffix)
    if export is None:
        raise UsageError(f"cannot export to {options.output.name!r}: its name must end in {', '.join(_EXPORTS)}")
    if options.subtitles is not None and suffix not in SUBTITLED:
        raise UsageError(f"--subtitles is for {', '.join(SUBTITLED)}, not for {options.output.name!r}: leave it out")
    with SessionReader.open(file, secret) as session:
        for remark in (*session.remarks, *session.missing_codebooks(codecs.codebooks())):
            note(remark)
        if options.start >= session.duration_s > 0:
            raise UsageError(
                f"--from {format_time(options.start)} is after the session's end, {format_time(session.duration_s)}"
            )
        for part in parts(session, options):
            with atomic_write(part.output, part.force) as path:
                await export(_Job(session, codecs, part, path, note, progress, painters or session_painter))
            if options.split:
                note(wrote(part.output))
        if session.left_out and not any("damaged" in remark for remark in session.remarks):
            note(session.left_out)


@dataclass(frozen=True, slots=True)
class _Job:
    """One export: from the session to `path`."""

    session: SessionReader
    codecs: CaptionCodecs
    options: ExportOptions
    path: Path
    note: Callable[[str], None]
    progress: Progress
    painters: Painters

    @contextlib.asynccontextmanager
    async def timeline(self, pictures: bool) -> AsyncIterator[ExportTimeline]:
        """Yield the timeline, its generator running if pictures are wanted."""
        async with contextlib.AsyncExitStack() as stack:
            options, paint = self.options, None
            if pictures and options.pictures:
                painter = self.painters(self.session.header, options.models, options.generator, self.note)
                paint = await stack.enter_async_context(painter)
            timeline = ExportTimeline(
                self.session, self.codecs, start=options.start, end=options.end, paint=paint,
                lyra_folder=options.lyra_folder, note=self.note,
            )  # fmt: skip
            if options.only is not None:
                timeline.follow_only(options.only)
            elif options.who:
                timeline.hear_only(timeline.attendance.ids(options.who))
            yield timeline

    def subtitles(self, end: float) -> SubtitleMaker:
        """Return what makes the subtitles up to `end`: of those who are heard."""
        options, people = self.options, self.options.who
        if options.only is not None:
            people = tuple(Attendance(self.session).participants[options.only].ids)
        return SubtitleMaker(self.session, self.codecs, options.start, end, people)

    async def steps(self, timeline: ExportTimeline) -> AsyncIterator[TimelineStep]:
        """Yield the steps and report the progress; the event loop gets its turn now and then."""
        count = 0
        async for step in timeline.steps():
            yield step
            count += 1
            if count % STEPS_A_TURN == 0:
                self.progress(step.at, timeline.seconds)
                await asyncio.sleep(0)
        self.progress(timeline.seconds, timeline.seconds)


# -- video


async def _export_video(job: _Job, kind: VideoFormat) -> None:
    async with job.timeline(pictures=True) as timeline:
        with _naming_the_file(job.options.output):
            video = VideoWriter(job.path, kind, SIZE, reproducible=job.options.serial is not None)
            try:
                await _write_video(job, timeline, video)
                video.close()
            except BaseException:
                with contextlib.suppress(Exception):
                    video.abandon()
                raise


async def _write_video(job: _Job, timeline: ExportTimeline, video: VideoWriter) -> None:
    frame, tiles, next_at, at, only = None, None, 0.0, 0.0, job.options.only
    subtitles = _track(job, video, timeline)
    async for step in job.steps(timeline):
        at = step.at
        if step.tiles is not tiles:
            tiles = step.tiles
            shown = tiles if only is None else tiles[only : only + 1]
            frame, next_at = draw_frame(shown, job.options.mark), at
            subtitles.update(at, shown)
        subtitles.reach(at)
        if frame is not None and at >= next_at:
            video.picture(at, frame)
            next_at = at + PICTURE_AT_LEAST_EVERY_S
        video.sound(step.sound)
    subtitles.end(at)
    if frame is not None and at > next_at - PICTURE_AT_LEAST_EVERY_S:
        video.picture(at, frame)


def _track(job: _Job, video: VideoWriter, timeline: ExportTimeline) -> SubtitleTrack | LineTrack:
    """Return the track of subtitles: of what was said, or of what the pictures show, as they show it."""
    choice = chosen(job.options.subtitles, job.session)
    if choice is Subtitles.SHOWN or (job.options.subtitles is None and choice is Subtitles.ALL):
        return SubtitleTrack(video)
    return LineTrack(video, job.subtitles(timeline.start + timeline.seconds).cues(choice))


@contextlib.contextmanager
def _naming_the_file(path: Path) -> Iterator[None]:
    """Raise NodeError, which names the file, for an encoder's error."""
    import av

    try:
        yield
    except av.error.FFmpegError as error:
        raise NodeError(f"cannot write {str(path)!r}: {error.strerror}") from None


# -- sound


async def _export_opus(job: _Job) -> None:
    async with job.timeline(pictures=False) as timeline:
        with job.path.open("wb") as file, _naming_the_file(job.options.output):
            ogg = OggOpus(file, job.options.serial)
            async for step in job.steps(timeline):
                ogg.sound(step.sound)
            ogg.close()


# -- subtitles and lines


async def _export_srt(job: _Job) -> None:
    options, end = job.options, job.session.duration_s
    end = end if options.end is None else min(options.end, end)
    choice = chosen(options.subtitles, job.session)
    text = srt(job.subtitles(end).cues(choice))
    if not text:
        job.note(f"{options.output.name} is empty: in this time nothing {EMPTY[choice]}")
    job.path.write_text(text, encoding="utf-8", errors="replace")


async def _export_jsonl(job: _Job) -> None:
    # Text that cannot be encoded, as a lone surrogate, becomes the escape that JSON has for it.
    with job.path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for number, line in enumerate(JsonLines(job.session, job.codecs, job.options.start, job.options.end)):
            file.write(line)
            if number % 1000 == 0:
                await asyncio.sleep(0)


# -- page


async def _export_html(job: _Job) -> None:
    async with job.timeline(pictures=True) as timeline:
        events, sound = PageEvents(), io.BytesIO()
        participants = timeline.attendance.participants
        events.people = [participant.name for participant in participants]
        events.present = [
            [
                (max(begin - timeline.start, 0.0), min(end - timeline.start, timeline.seconds))
                for begin, end in one.present
            ]
            for one in participants
        ]
        with _naming_the_file(job.options.output):
            ogg = OggOpus(sound, job.options.serial)
            seconds = await _fill_page(job, timeline, events, ogg)
            ogg.close()
        for name, line in named_lines(job.session, timeline.start, timeline.start + seconds):
            events.type(line.at_s - timeline.start, name, line)
        title, subtitle = headline(job.session, events.people, seconds, utc=job.options.serial is not None)
        page = render_page(title, subtitle, seconds, events, sound.getvalue())
        job.path.write_text(page, encoding="utf-8", errors="backslashreplace")


async def _fill_page(job: _Job, timeline: ExportTimeline, events: PageEvents, ogg: OggOpus) -> float:
    """Write the sound and the events; return the duration in seconds."""
    tiles: tuple[Tile, ...] = tuple(Tile(participant.name) for participant in timeline.attendance.participants)
    seconds = 0.0
    async for step in job.steps(timeline):
        ogg.sound(step.sound)
        for index, (before, now) in enumerate(zip(tiles, step.tiles, strict=True)):
            if (before.words, before.image) != (now.words, now.image):
                events.add(step.at, index, now.words, now.image)
        tiles, seconds = step.tiles, step.at
    return seconds


_EXPORTS: Mapping[str, Callable[[_Job], Awaitable[None]]] = {
    ".mp4": lambda job: _export_video(job, MP4),
    ".webm": lambda job: _export_video(job, WEBM),
    ".opus": _export_opus,
    ".srt": _export_srt,
    ".html": _export_html,
    ".jsonl": _export_jsonl,
}
