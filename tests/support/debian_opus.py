"""Debian 13's libopus, which enhances wideband speech: fetched once into the user's cache, and unpacked there.

Its package is fetched by apt's own helper, which checks its SHA-256, so by a machine of Debian's family alone.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from node.speech.opus_libraries import DecoderLibrary
from protocol.errors import NodeError

PACKAGE = "libopus0_1.5.2-2_amd64.deb"
ADDRESS = f"http://deb.debian.org/debian/pool/main/o/opus/{PACKAGE}"
SHA256 = "794056db33d71b2ac4bd8b5a4eb23b627bcb8a49d123c33b6e841a996253a067"
INSIDE = "usr/lib/x86_64-linux-gnu/libopus.so.0"
APT_HELPER = Path("/usr/lib/apt/apt-helper")

# Of all that the fetching takes: where there is no network, no test waits longer.
PATIENCE_S = 10


@cache
def library() -> str:
    """Return the library's path, or raise NodeError with why it cannot be had here; it is tried once."""
    if platform.machine() != "x86_64":
        raise NodeError(f"the package is for x86_64, and this is {platform.machine()}")
    folder = _cache() / PACKAGE.removesuffix(".deb")
    if not (folder / INSIDE).exists():
        _unpack(folder)
    path = str((folder / INSIDE).resolve())
    DecoderLibrary(path)  # that its C library is not too new for this machine
    return path


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pictophone-tests"


def _unpack(folder: Path) -> None:
    if not APT_HELPER.exists() or shutil.which("dpkg-deb") is None:
        raise NodeError("apt and dpkg-deb are needed to fetch Debian's package")
    folder.parent.mkdir(parents=True, exist_ok=True)
    options = (
        "-o",
        f"Acquire::http::Timeout={PATIENCE_S}",
        "-o",
        "Acquire::Retries=0",
        "-o",
        "APT::Sandbox::User=root",
    )
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        package, unpacked = Path(name, PACKAGE), Path(name, "unpacked")
        _run(str(APT_HELPER), *options, "download-file", ADDRESS, str(package), f"SHA256:{SHA256}")
        _run("dpkg-deb", "-x", str(package), str(unpacked))
        with contextlib.suppress(OSError):  # another process was faster
            unpacked.rename(folder)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)
    except subprocess.CalledProcessError as error:
        raise NodeError(f"{command[0]}: {error.stderr.decode(errors='replace').strip()}") from None
    except (OSError, subprocess.SubprocessError):
        raise NodeError(f"{command[0]} did not end within {PATIENCE_S} s") from None
