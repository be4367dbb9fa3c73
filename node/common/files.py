"""Files to write: their folder, a check that they can be written, and writing that leaves nothing incomplete."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from protocol.errors import NodeError, UsageError

# Of a file's name, in the name of its unfinished state: a name may have 255 bytes, some of which are for what is added.
SHOWN_LETTERS = 40


def user_folder(variable: str, usual: str, what: str) -> Path:
    """Return this program's folder in the user's home, which may not exist yet, for `what` is kept there.

    It is in the one that the environment's `variable` names, else in the `usual` one of the home. Raises NodeError for
    a user without a home.
    """
    named = os.environ.get(variable, "")
    if Path(named).is_absolute():  # others are to be ignored (XDG Base Directory Specification)
        return Path(named) / "pictophone"
    try:
        return Path.home() / usual / "pictophone"
    except RuntimeError:
        raise NodeError(f"you have no home folder to keep {what} in: set HOME or {variable}") from None


def from_home(path: str | Path) -> Path:
    """Return the path with the home folder in place of its `~`; as it is if there is no such user, or no home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


@contextlib.contextmanager
def atomic_write(path: Path, force: bool = False) -> Iterator[Path]:
    """Yield a path to write to; at the end of the context its file replaces `path`.

    After an error, SIGTERM or SIGHUP nothing is left of it. Of a link, what it points to is replaced.

    Raises UsageError if `path` exists, unless `force`, and NodeError if it cannot be written.
    """
    _check(path, force)
    try:
        with _ended_in_order(), replaced(path.resolve() if path.is_symlink() else path) as beside:
            yield beside
    except OSError as error:
        raise unwritable(path, error) from None


@contextlib.contextmanager
def replaced(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yield an empty new file of this mode (less the umask), which replaces `path` unless the context ends in an error.

    A link is replaced itself. OSError comes out as it is, before the context begins if nothing can be written there.
    """
    beside = path.with_name(f".{path.name[:SHOWN_LETTERS]}.{secrets.token_hex(4)}.part")
    try:
        beside.touch(mode, exist_ok=False)
        yield beside
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def check_writable(path: Path, what: str, example: str) -> None:
    """Raise NodeError unless `path` can name a file: `what` it is to be, and an `example`. For before the work."""
    try:
        if not path.parent.is_dir():
            raise NodeError(f"no folder {str(path.parent)!r} to write {path.name!r} to; make it first")
        if path.is_dir():
            raise NodeError(f"cannot write the {what} {str(path)!r}: it is a folder; name a file in it, like {example}")
    except OSError as error:
        raise unwritable(path, error, what) from None


def write_text(path: Path, text: str, what: str) -> None:
    """Write a file (a device too) in UTF-8. Raises NodeError, which says `what` it was to be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error, what) from None


def wrote(path: Path) -> str:
    """Return a line for people about a file that was written, and its size."""
    try:
        size = path.stat().st_size
    except OSError:  # or a device that is gone: it was written all the same
        return f"wrote {path}"
    return f"wrote {path}: {size / 1e6:,.1f} MB" if size >= 1e5 else f"wrote {path}: {size / 1e3:,.1f} kB"


def unwritable(path: Path, error: OSError, what: str = "") -> NodeError:
    """Return what to raise for a file, and `what` it was to be, that the system does not let us write."""
    return NodeError(f"cannot write {f'the {what} ' if what else ''}{str(path)!r}: {error.strerror or error}")


def _check(path: Path, force: bool) -> None:
    try:
        exists, is_file = path.exists(), path.is_file()
        if path.is_dir():
            raise UsageError(f"{str(path)!r} is a folder: name a file in it")
        if exists and not is_file:
            raise UsageError(f"{str(path)!r} is a device: name a file")
        if exists and not force:
            raise UsageError(f"{str(path)!r} exists already: name another file, or give --force to replace it")
        if not path.parent.is_dir():
            raise NodeError(f"no folder {str(path.parent)!r} to write {path.name!r} to: make it first")
    except OSError as error:
        raise unwritable(path, error) from None


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Have the signals that kill the process end it as Ctrl-C does, unless they have a handler."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    taken = []
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, interrupt)
                taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
