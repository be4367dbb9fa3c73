#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Make the page's font, node/web/static/inter.woff2: the Latin letters of Inter, in weights from 400 to 650.

.venv/bin/python scripts/make_font.py

Needs npm, which fetches the font, and `pip install fonttools brotli`, which are no dependencies of the project. The
result is in the repository; this script is how it was made.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FONT = Path(__file__).parents[1] / "node" / "web" / "static" / "inter.woff2"
PACKAGE = "@fontsource-variable/inter@5.3.0"
INSIDE = "package/files/inter-latin-wght-normal.woff2"
LETTERS = "20-7E,A0,A7,AB,B0,B7,BB,C0,C1,C4-C7,C9,D6-D8,DC,DF-FF,2013,2014,2018,2019,201C,201D,2026,2713"
WEIGHTS = (400, 650)


def fetched(folder: Path) -> bytes:
    """Fetch the whole font."""
    subprocess.run(["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder)], check=True)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        file = archive.extractfile(INSIDE)
        assert file is not None
        return file.read()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        font = TTFont(io.BytesIO(fetched(Path(folder))))
    options = subset.Options(layout_features=["tnum"], hinting=False)  # kerning would be a third of the file
    chosen = subset.Subsetter(options)
    chosen.populate(unicodes=subset.parse_unicodes(LETTERS))
    chosen.subset(font)
    font = instantiateVariableFont(font, {"wght": WEIGHTS})
    font.flavor = "woff2"
    font.save(FONT)
    print(f"{FONT}: {FONT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
