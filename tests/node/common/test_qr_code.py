"""QR codes in the terminal and on the page."""

from __future__ import annotations

import re

import segno

from node.common.qr_code import BORDER, svg_path, terminal_lines

LINK = "pictophone:7KQ2M-9XW4R-00000-11111-22222-33333@broker.example.org"


def expected() -> list[list[bool]]:
    """The modules of the code with its border, dark ones true."""
    return [[bool(module) for module in row] for row in segno.make(LINK, micro=False, error="l").matrix_iter(border=2)]


def test_the_path_is_the_dark_modules() -> None:
    made = svg_path(LINK)
    side = made["size"]
    drawn = [[False] * side for _ in range(side)]
    for left, top, right, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", made["path"]):
        assert right == back
        for column in range(int(left), int(left) + int(right)):
            drawn[int(top)][column] = True
    assert drawn == expected()
    assert re.fullmatch(r"(M\d+ \d+h\d+v1h-\d+z)+", made["path"])
    assert len(made["path"]) < 12_000


def test_the_half_blocks_are_the_light_modules() -> None:
    lines = terminal_lines(LINK)
    rows: list[list[bool]] = []
    for line in lines:
        rows.append([sign in " ▄" for sign in line])
        rows.append([sign in " ▀" for sign in line])
    assert rows[: len(expected())] == expected()


def test_a_border_of_light_modules_is_around_it() -> None:
    rows = expected()
    assert not any(any(row) for row in (*rows[:BORDER], *rows[-BORDER:]))
    assert terminal_lines(LINK)[0].strip("█") == ""
