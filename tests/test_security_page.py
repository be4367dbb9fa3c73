"""docs/security.md names a test for each attack, and each is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "security.md"


def test_every_test_that_the_page_names_is_there() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if "`test_" in line and line.startswith("|")]
    assert len(rows) >= 20
    for row in rows:
        source = ""
        for file, name in re.findall(r"`(?:(test_\w+\.py)(?:::)?)?(test_\w+)?`", row):
            if file:
                source = "".join(path.read_text() for path in TESTS.rglob(file))
                assert source, file
            if name:
                assert f"def {name}(" in source, name
