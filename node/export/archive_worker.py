"""A worker of an archive: exports one session after the other, and keeps its generator from one to the next.

It is the same in a process of this machine (`node.export.archive_process`) and as an actor of Ray
(`node.export.ray_archive`). The models are in the worker itself, not in a process of theirs as during a call: here
nothing must be in time, and a worker that dies is replaced as a whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from node.captions.coder import shipped_codecs
from node.common.regular_files import open_regular
from node.export.archive_units import ArchiveOptions, MadeFile, Outcome, Unit, digest, key_of, serial_of
from node.export.export import export_session
from node.export.export_options import ExportOptions, Progress
from node.recording.provenance import program, version_of
from node.recording.reader import SessionReader
from node.replay.pictures import Paint, chosen_generator, version_remark
from node.vision.types import Prompt
from protocol.errors import LookError, NodeError, PictophoneError, RemoteError, UsageError
from protocol.log import Header

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.model_server import ModelServer

# A disk without room: no other session of the archive would have more.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class PaintingError(Exception):
    """A picture could not be painted here and now: the session is not exported without it."""


class ArchiveWorker:
    """Exports units into the `stage`; sealed sessions with the room's `secret`."""

    def __init__(self, options: ArchiveOptions, stage: str, secret: bytes | None) -> None:
        self._options, self._stage, self._secret = options, Path(stage), secret
        self._painter = ResidentPainter()

    def export(self, unit: Unit, progress: Progress = lambda _, __: None) -> Outcome:
        """Export a unit. Raises nothing that a session can cause."""
        notes: list[str] = []
        try:
            made = asyncio.run(self._export(unit, notes.append, progress))
        except Exception as error:
            reason = _line(error).removeprefix(f"{unit.file!r}: ").replace(str(self._stage), self._options.folder)
            return Outcome(reason=reason, lasting=_is_lasting(error), full=_is_full(error), notes=tuple(notes))
        return Outcome(made, skipped=made is None, notes=tuple(notes))

    async def _export(self, unit: Unit, note: Callable[[str], None], progress: Progress) -> MadeFile | None:
        file, staged = Path(unit.file), self._stage / unit.name
        before, key = self._examine(file)
        if self._is_there(unit, key):
            return None
        asked = self._asked(staged, serial_of(key))
        await export_session(file, shipped_codecs(), asked, self._secret, note, progress, self._painter)
        if _signature(file) != before:
            raise NodeError(f"{unit.file!r} changed while it was exported: is it still being recorded?")
        return _finished(staged, key)

    def _is_there(self, unit: Unit, key: str) -> bool:
        """Tell whether the unit is done; make room for it if not. Raises UsageError if another's file is in its way."""
        if not self._options.force:
            target = Path(self._options.folder, unit.name)
            here = next((known for known in reversed(unit.known) if known.is_at(target)), None)
            if here is None and target.exists():
                raise UsageError(f"{str(target)!r} exists already, not by this archive: move it, or give --force")
            if here is not None and here.key == key:
                return True
        (self._stage / unit.name).parent.mkdir(parents=True, exist_ok=True)
        return False

    def _examine(self, file: Path) -> tuple[tuple[int, int], str]:
        """Return the file's signature, to notice a change, and the key of what it becomes."""
        try:
            open_regular(file, may_be_empty=True).close()  # reading a pipe or a device might never end
            signature, sha256 = _signature(file), digest(file)
        except OSError as error:
            raise NodeError(f"cannot read {str(file)!r}: {error.strerror or error}") from None
        except NodeError as error:
            raise NodeError(f"cannot read {str(file)!r}: {error}") from None
        return signature, self._key(file, sha256)

    def _key(self, file: Path, sha256: str) -> str:
        options = self._options
        with SessionReader.open(file, self._secret) as session:
            header = session.header
        generator = self._painter.version(header, options.models, options.generator) if options.paints else ""
        lyra = version_of(options.lyra) if options.lyra else ""
        return key_of(sha256, program(), generator, lyra, options)

    def _asked(self, staged: Path, serial: int) -> ExportOptions:
        of = self._options
        return ExportOptions(
            staged, of.start, of.end, of.pictures, of.who, of.models, of.generator,
            None if of.lyra is None else Path(of.lyra), force=True, mark=of.mark, serial=serial,
        )  # fmt: skip


class ResidentPainter:
    """Stands in for `session_painter`: the generator stays loaded for as long as sessions want the same one.

    One that cannot be loaded is an error here, and not a file without pictures, which nobody would notice among many.
    """

    def __init__(self) -> None:
        self._models: ModelServer | None = None
        self._loaded = ""
        self._versions: dict[str, str] = {}

    @contextlib.asynccontextmanager
    async def __call__(
        self, header: Header, models: str | None, generator: str | None, note: Callable[[str], None]
    ) -> AsyncIterator[Paint | None]:
        """Yield what paints. Raises NodeError if the generator cannot be loaded."""
        chosen = chosen_generator(header, models, generator)
        self._load(chosen)
        if remark := version_remark(header, chosen):
            note(remark)
        yield self._paint

    def version(self, header: Header, models: str | None, generator: str | None) -> str:
        """Return the digest or the revision of a session's generator, loading it if that fetches it first."""
        chosen = chosen_generator(header, models, generator)
        if chosen not in self._versions:
            if not version_of(chosen):
                self._load(chosen)
            self._versions[chosen] = version_of(chosen)
        return self._versions[chosen]

    def _load(self, generator: str) -> None:
        from node.vision import import_stubs, ipc  # which take seconds to import, and many archives paint nothing
        from node.vision.loading import quieten
        from node.vision.model_server import ModelServer
        from node.vision.presets import check_name

        if self._loaded == generator:
            return
        check_name(generator)
        quieten()
        import_stubs.install()
        self._models, self._loaded = None, ""  # the last one's memory is free before the next one takes its own
        models = ModelServer(_use_one_core)
        reply = models.serve(ipc.LoadModel("generator", generator, last=True))
        if isinstance(reply, ipc.Failed):
            raise NodeError(f"no pictures: {reply.reason}")
        self._models, self._loaded = models, generator

    async def _paint(self, sender: str, prompt: Prompt) -> Image.Image:
        """Paint, in this thread: nothing else waits for the event loop here."""
        from node.vision import ipc

        assert self._models is not None
        reply = self._models.serve(ipc.PaintImage(prompt.text, prompt.seed, prompt.look))
        if isinstance(reply, ipc.ImageReply):
            return ipc.image_of(reply)
        reason = reply.reason if isinstance(reply, ipc.Failed) else type(reply).__name__
        if reason.startswith(LookError.__name__):  # the session's fault, and its only one: the rest is exported
            raise NodeError(f"the generator failed: {reason}")
        raise PaintingError(f"the generator failed: {reason}")


def _use_one_core() -> None:
    """Paint in one thread: as many workers as cores do more than threads can, and sums come in the same order."""
    import torch

    torch.set_num_threads(1)


def _finished(path: Path, key: str) -> MadeFile:
    """Return what a finished file is known by, once it is on the disk."""
    with path.open("r+b") as file:  # Windows flushes nothing else
        os.fsync(file.fileno())
    status = path.stat()
    return MadeFile(key, status.st_size, status.st_mtime_ns, digest(path))


def _signature(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _line(error: Exception) -> str:
    """Return an error as one line; that of a bug begins with its type."""
    text = " ".join(str(error).split())
    return text if isinstance(error, PictophoneError | PaintingError) and text else f"{type(error).__name__}: {text}"


def _is_lasting(error: Exception) -> bool:
    """Tell whether it lies in the session or in what was asked: not in the machine, the disk or the models."""
    return isinstance(error, RemoteError | UsageError)


def _is_full(error: BaseException | None) -> bool:
    """Tell whether an error comes of a full disk: errors of ours are raised in handlers of the system's."""
    while error is not None:
        if getattr(error, "errno", None) in FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
