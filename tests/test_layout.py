"""The house rules that a tool can hold: sizes, names used once, and no words that make a reader guess.

What may import what is a contract of import-linter, in pyproject.toml. docs/development.md gives the reasons.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = [path for package in ("node", "protocol") for path in sorted((ROOT / package).rglob("*.py"))]

# A file is one idea: longer ones hold two, and many short ones scatter one. The thirteen short ones are ideas of their
# own, which nothing beside them shares (a camera, a format, the counts of pictures).
MOST_LINES, FEW_LINES, MOST_SHORT_FILES = 300, 60, 13
MOST_LINES_OF_A_FUNCTION, MOST_PARAMETERS = 40, 12

# Where two modules need the same name one of them is wrong, except where their contents are parallel:
# `speech/sender.py` and `vision/sender.py`, `commands/X.py` for the command X.
MOST_FILE_NAMES_USED_TWICE, MOST_CLASS_NAMES_USED_TWICE = 8, 4

MOST_PRIVATE_MEMBERS_IN_TESTS = 80


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (part for part in ast.walk(tree) if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in CODE:
        yield path, ast.parse(path.read_text("utf-8"))


def test_only_the_package_itself_lies_above_the_layers() -> None:
    assert {path.name for path in (ROOT / "node").glob("*.py")} == {"__init__.py", "__main__.py"}


def test_files_are_neither_too_long_nor_too_short() -> None:
    lines = {name_of(path): path.read_text("utf-8").count("\n") for path in CODE}
    assert [name for name, count in lines.items() if count > MOST_LINES] == []
    short = [n for n, count in lines.items() if count < FEW_LINES and n.startswith("node/") and "/__" not in n]
    assert len(short) <= MOST_SHORT_FILES, short


def test_functions_fit_on_a_screen() -> None:
    long, wide = [], []
    for path, tree in trees():
        for function in functions(tree):
            name = f"{name_of(path)}:{function.lineno} {function.name}"
            if (function.end_lineno or 0) - function.lineno + 1 > MOST_LINES_OF_A_FUNCTION:
                long.append(name)
            if len(function.args.args) + len(function.args.kwonlyargs) > MOST_PARAMETERS:
                wide.append(name)
    assert (long, wide) == ([], [])


def test_a_name_stands_for_one_thing() -> None:
    files, classes = defaultdict(list), defaultdict(list)
    for path, tree in trees():
        if not path.name.startswith("__"):
            files[path.name].append(name_of(path))
        for part in tree.body:
            if isinstance(part, ast.ClassDef) and not part.name.startswith("_"):
                classes[part.name].append(name_of(path))
    twice = {name: paths for name, paths in files.items() if len(paths) > 1}
    assert len(twice) <= MOST_FILE_NAMES_USED_TWICE, twice
    shared = {name: paths for name, paths in classes.items() if len(paths) > 1}
    assert len(shared) <= MOST_CLASS_NAMES_USED_TWICE, shared


@pytest.mark.parametrize(("words", "most"), [(r"\b(he|him|his)\b", 0), (r"\btold\b", 10)])
def test_the_subject_is_a_thing(words: str, most: int) -> None:
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in CODE
        if path.name != "vocabulary.py"  # the words of people, who say "his hair is grey"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(words, line, re.IGNORECASE)
    ]
    assert len(found) <= most, "\n".join(found)


def test_tests_use_what_is_public() -> None:
    """Members that begin with an underscore, of anything but the test's own `self`."""
    found = [
        f"{name_of(path)}:{number}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"[a-zA-Z0-9)]\._[a-z]", line) and not re.search(r"self\._", line)
    ]
    assert len(found) <= MOST_PRIVATE_MEMBERS_IN_TESTS, "\n".join(found)
