"""Scripts run by their path, from any folder, without an activated environment: their first line finds a Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIRST_LINE = (
    '#!/usr/bin/env -S sh -c \'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"\''
)
# Linux before 5.1 reads no more of a first line.
LONGEST_FIRST_LINE = 127
RUN = [path for path in sorted((ROOT / "scripts").glob("*.py")) if path.read_text().startswith("#!")]


def test_the_line_is_read_by_every_kernel() -> None:
    assert len(FIRST_LINE) <= LONGEST_FIRST_LINE


def test_every_measurement_can_be_run_by_its_path() -> None:
    assert set((ROOT / "scripts").glob("bench_*.py")) <= set(RUN)


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.name)
def test_a_script_finds_its_python_and_may_be_run(path: Path) -> None:
    assert path.read_text().splitlines()[0] == FIRST_LINE
    assert os.access(path, os.X_OK)


def test_without_an_environment_and_from_another_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a checkout" / "scripts"
    folder.mkdir(parents=True)
    (folder / "bench_x.py").write_text(f"{FIRST_LINE}\nimport sys\nprint(sys.executable, sys.argv[1:])\n")
    (folder / "bench_x.py").chmod(0o755)
    python = folder.parent / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "our own: $@"\n')
    python.chmod(0o755)
    done = subprocess.run(
        [folder / "bench_x.py", "--to", "a b"], cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout == f"our own: {folder / 'bench_x.py'} --to a b\n"
