"""What `session export` takes, and what it does: one file of a session, or an archive of many."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands import options
from node.common import signals
from node.common.files import from_home, wrote
from node.common.output import remark
from node.common.progress import bars
from protocol.errors import NodeError, UsageError

if TYPE_CHECKING:
    from node.export.archive import Hire
    from node.export.archive_folder import ArchiveFolder
    from node.export.archive_messages import ArchiveJob
    from node.export.archive_units import ArchiveOptions, Unit

Who = Annotated[list[str] | None, typer.Option(help="Only hear this person; may be repeated.")]
Models = Annotated[str | None, typer.Option(help="Paint with this preset's generator, not with the recorded one.")]
Generator = Annotated[str | None, typer.Option(help="Paint with this model: a folder or a hub id.")]
Lyra = Annotated[Path | None, typer.Option(help="Folder with Lyra V2's model files, for what was spoken in it.")]


@dataclass(frozen=True, slots=True)
class ExportedParts:
    """The options of `export` about what is seen and heard, and in how many files."""

    who: Who = None
    models: Models = None
    generator: Generator = None
    lyra: Lyra = None
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Words alone: nothing is painted.")] = False
    mark: Annotated[
        bool, typer.Option("--mark/--no-mark", help='Write "painted from words" on a video\'s pictures.')
    ] = True
    split: Annotated[bool, typer.Option("--split", help="A video or sound for each person: OUT-1-Ann.mp4.")] = False
    force: Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")] = False
    subtitles: Annotated[
        str | None,
        typer.Option(help="said: what people said and typed; shown: what pictures show; all. Default: said, if any."),
    ] = None

    def check_models(self) -> None:
        """Raise NodeError for models that are nowhere: once, and before anything is exported."""
        from node.vision.presets import check_name, choose

        if self.lyra is not None and not self.lyra.is_dir():
            raise NodeError(f"no folder {str(self.lyra)!r} with Lyra's model files: check --lyra")
        if self.models is not None or self.generator is not None:
            check_name(choose(self.models or "embedded", generator=self.generator).generator)


@dataclass(frozen=True, slots=True)
class ArchiveFiles:
    """The options of `export` about an archive of many sessions."""

    to_dir: Annotated[
        Path | None, typer.Option("--to-dir", metavar="DIR", help="Export every FILE, or a folder's, into this folder.")
    ] = None
    format: Annotated[
        str | None, typer.Option("--format", help="With --to-dir: mp4, webm, opus, srt, html or jsonl.")
    ] = None
    jobs: Annotated[
        int | None, typer.Option(min=1, max=1024, help="With --to-dir: so many at once; by default one a core.")
    ] = None
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="With --to-dir: as actors of Ray: local, auto, or HOST:PORT.")
    ] = None
    room_file: Annotated[Path | None, typer.Option(help="File whose first line is the room, for sealed sessions.")] = (
        None
    )

    def check(self, files: list[Path], output: Path | None, room: str | None) -> None:
        """Raise UsageError if these options do not fit one another, the files, the output or the room."""
        if self.to_dir is not None and output is not None:
            raise UsageError("-o is for one session, and --to-dir for many: give one of them")
        if self.ray is not None and room is not None:
            raise UsageError("with --ray give the room by --room-file FILE: Ray shows and logs what programs are given")
        if self.to_dir is not None:
            self._check_ray()
            return
        if len(files) > 1:
            raise UsageError(f"{len(files)} files: name the folder to export them to, --to-dir DIR")
        for name in ("format", "jobs", "ray"):
            if getattr(self, name) is not None:
                raise UsageError(f"--{name} is for many sessions: name their folder, --to-dir DIR")

    def _check_ray(self) -> None:
        if self.ray is not None:
            from node.export.ray_archive import parse_address

            parse_address(self.ray)


def export_one(
    file: Path, output: Path, parts: ExportedParts, start: float, end: float | None, secret: bytes | None
) -> None:
    """Export a session to one file, or one for each person."""
    from node.captions.coder import shipped_codecs
    from node.export.export import export_session
    from node.export.export_options import ExportOptions
    from node.export.subtitle_choice import parse_subtitles

    asked = ExportOptions(
        output, start, end, not parts.no_pictures, tuple(parts.who or ()), parts.models, parts.generator, parts.lyra,
        parts.force, parts.mark, parts.split, subtitles=parse_subtitles(parts.subtitles),
    )  # fmt: skip
    with bars() as progress:
        bar = progress.add_task(output.name, total=None)

        def advance(done: float, total: float) -> None:
            progress.update(bar, completed=int(done), total=max(int(total), 1))

        signals.run(export_session(file, shipped_codecs(), asked, secret, remark, advance))
    if not parts.split:
        remark(wrote(output))


def archive_options(parts: ExportedParts, archive: ArchiveFiles, start: float, end: float | None) -> ArchiveOptions:
    """Return the options of an archive. Raises UsageError for a format that does not exist, and what it cannot do."""
    from node.export.archive_units import FORMATS, ArchiveOptions

    form = archive.format or "mp4"
    if form not in FORMATS:
        raise UsageError(f"no format {form!r}: choose one of {', '.join(FORMATS)}")
    if parts.subtitles is not None:
        raise UsageError("--subtitles is for one session: an archive has what was said, or what the pictures show")
    if parts.split:
        raise UsageError("--split makes several files a session: leave it out, or export one session with -o")
    assert archive.to_dir is not None
    return ArchiveOptions(
        str(archive.to_dir.absolute()), form, start, end, not parts.no_pictures, parts.mark, tuple(parts.who or ()),
        parts.models, _absolute(parts.generator), str(parts.lyra.absolute()) if parts.lyra else None, parts.force,
    )  # fmt: skip


def _absolute(generator: str | None) -> str | None:
    """Return the absolute path of a model's folder, which a worker may look for from elsewhere; a hub id as it is."""
    from node.vision.presets import is_folder

    return str(from_home(generator).absolute()) if generator and is_folder(generator) else generator


def export_archive(files: list[Path], asked: ArchiveOptions, archive: ArchiveFiles, secret: bytes | None) -> None:
    """Export all sessions into the folder; exit code 1 if one failed."""
    from node.export.archive_folder import ArchiveFolder
    from node.export.archive_units import find_units

    units, twice = find_units(files, asked.format)
    for text in twice:
        remark(text)
    with ArchiveFolder(Path(asked.folder)) as folder:
        options.run(_make(folder, units, asked, archive, secret))


async def _make(
    folder: ArchiveFolder, units: list[Unit], asked: ArchiveOptions, archive: ArchiveFiles, secret: bytes | None
) -> bool:
    """Make the archive; return whether nothing failed."""
    from node.export.archive import Archive
    from node.export.archive_messages import ArchiveJob

    with bars() as progress:
        bar = progress.add_task(folder.path.name, total=len(units))
        known = [replace(unit, known=folder.known(unit.name)) for unit in units]
        made = Archive(folder, known, remark, lambda done: progress.update(bar, completed=done))
        room_file = None if archive.room_file is None else str(archive.room_file.absolute())
        job = ArchiveJob(asked, str(folder.stage), secret, room_file if archive.ray else None)
        try:
            async with _workers(job, archive, len(units)) as (hire, workers):
                await made.make(hire, workers)
        except asyncio.CancelledError:
            remark(made.progress)
            raise
    remark(f"{folder.path}: {made.tally}")
    return not made.tally.failed


@contextlib.asynccontextmanager
async def _workers(job: ArchiveJob, archive: ArchiveFiles, units: int) -> AsyncIterator[tuple[Hire, int]]:
    """Yield what hires a worker, and how many to hire."""
    from node.vision.cpu_budget import available_cores

    cores = archive.jobs or max(int(available_cores()), 1)
    if archive.ray is None:
        from node.export.archive_process import hire_process

        yield partial(hire_process, job), min(cores, units)
        return
    from node.export.ray_archive import join_cluster

    async with join_cluster(archive.ray, min(cores, units), job.options.paints) as cluster:
        if archive.jobs is not None and archive.jobs > cluster.size:
            remark(f"Ray has room for {cluster.size} workers, not for {archive.jobs}")
        yield partial(cluster.hire, job), min(archive.jobs or cluster.size, cluster.size, units)
