#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What it takes to open a large picture: peak memory and processor time, in a process of its own, as JSON.

    scripts/bench_files.py                                     # JPEG and PNG of 108 and 200 megapixels, made here
    scripts/bench_files.py --megapixels 24 48 --format WEBP HEIF PROGRESSIVE
    scripts/bench_files.py --file photo.jpg

`peak_mb` is of the whole process, Python and the libraries included (`idle_mb` of it before the picture is opened);
`shown` the size of what came of it, `refused` the line where nothing did. Making 200 megapixels takes 1.5 GB.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FORMATS = {
    "JPEG": ("JPEG", {}),
    "PROGRESSIVE": ("JPEG", {"progressive": True}),
    "PNG": ("PNG", {"compress_level": 1}),
    "WEBP": ("WEBP", {"method": 0}),
    "AVIF": ("AVIF", {"speed": 10}),
    "TIFF": ("TIFF", {}),
    "HEIF": ("HEIF", {"quality": 40, "tile_size": 512}),
}
"""Pillow's names and options, by ours."""

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[108.0, 200.0])
    parser.add_argument("--format", choices=FORMATS, nargs="+", default=["JPEG", "PNG"])
    parser.add_argument("--file", type=Path, help="a picture of your own instead")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        name, *given = asked.step
        result: Any = make(*given) if name == "make" else opened(Path(given[0]))
    elif asked.file is not None:
        result = in_own_process("open", str(asked.file))
    else:
        result = {kind: {f"{size:g} MP": measured(kind, size) for size in asked.megapixels} for kind in asked.format}
    json.dump(result, sys.stdout, indent=2)
    print()


def measured(kind: str, megapixels: float) -> dict[str, Any]:
    """Return what opening a picture of this format and size takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        in_own_process("make", kind, str(megapixels), str(path))
        return {"file_mb": round(path.stat().st_size / 1e6, 1)} | in_own_process("open", str(path))


def in_own_process(*step: str) -> Any:
    """Do a step in a fresh process, whose peak is its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", *step], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def make(kind: str, megapixels: str, path: str) -> None:
    """Write a picture of 4:3 with something to see in it."""
    import numpy as np
    from PIL import Image

    format, options = FORMATS[kind]
    if format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    width = round((float(megapixels) * 1e6 * 4 / 3) ** 0.5)
    height = width * 3 // 4
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    pixels[..., 2] = np.arange(width) // 64 % 2 * 200
    Image.fromarray(pixels).save(path, format, **options)


def opened(path: Path) -> dict[str, Any]:
    """Open a picture as every command does, and return what that took."""
    sys.path.insert(0, str(ROOT))
    from node.vision.images import open_small
    from protocol.errors import NodeError

    idle, began = peak_mb(), time.process_time()
    try:
        result: dict[str, Any] = {"shown": list(open_small(path).size)}
    except NodeError as error:
        result = {"refused": str(error).replace(str(path), path.name)}
    taken = {"peak_mb": peak_mb(), "idle_mb": idle, "cpu_s": round(time.process_time() - began, 2)}
    return result | taken


def peak_mb() -> float:
    """Return the most memory that this process ever had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage counts on Linux, a process inherits from the one that started it
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        assert found is not None
        return round(int(found[1]) * 1024 / 1e6, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)


if __name__ == "__main__":
    main()
