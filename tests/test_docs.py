"""The README and docs/: links, paths, command lines and options are there, and the front page stays a page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from node.commands import app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, *DOCS]
WITH_PATHS = [*PAGES, ROOT / "CHANGELOG.md"]
# Pages of formats, where "pictophone room 1" is a salt.
FORMATS = {"protocol.md", "recording-format.md"}
WITH_COMMANDS = [page for page in PAGES if page.name not in FORMATS]

# A newcomer reads one screen of text and one of tables.
MOST_LINES, MOST_WORDS = 150, 1_200

PACKAGES = ("node", "protocol")
# Where a path without its folder may be: the pages name files as they are in a package, and tests by name alone.
BASES = [ROOT, *(ROOT / package for package in PACKAGES)]

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
WEB = re.compile(r"https?://\S+")
FOLDERS = r"(?<![\w./-])(?:node|protocol|scripts|tests|docs)/[\w./*-]*[\w/*]"
FILES = r"(?<![\w./*-])[\w./*-]*\w\.py\b"
# Files that a page writes of, but that are not the project's.
FOREIGN = {"docs/NAME"}


def parts(command: Any) -> dict[str, Any]:
    """Return the commands of a group by name; a group may import them only when it is asked for one."""
    if not hasattr(command, "list_commands"):
        return {}
    context = command.context_class(command)
    return {name: command.resolve_command(context, [name])[1] for name in command.list_commands(context)}


@cache
def top() -> Any:
    """Return the program as click has it."""
    return typer.main.get_command(app)


def ids(pages: list[Path]) -> list[str]:
    return [page.name for page in pages]


# -- the front page


def test_the_front_page_is_short() -> None:
    text = README.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert len(text.split()) <= MOST_WORDS


def test_the_front_page_leads_to_every_page() -> None:
    linked = {target.partition("#")[0] for target in LINK.findall(README.read_text())}
    assert {f"docs/{page.name}" for page in DOCS} <= linked


# -- fenced blocks


@pytest.mark.parametrize("page", WITH_PATHS, ids=ids(WITH_PATHS))
def test_every_fenced_block_ends(page: Path) -> None:
    """After one that does not, what is text and what is code change places: a heading is none, and is not looked at."""
    assert "```" not in FENCED.sub("", page.read_text())


# -- links


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", WITH_PATHS, ids=ids(WITH_PATHS))
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target in LINK.findall(FENCED.sub("", page.read_text())):
        if WEB.match(target):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_every_picture_is_shown() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in LINK.findall(page.read_text())
        if "#" not in target
    }
    assert set((ROOT / "docs" / "images").iterdir()) <= shown


# -- paths


def is_there(path: str) -> bool:
    """Look for the path from the root, in a package, and for a bare file name anywhere in the project."""
    if any(next(base.glob(path.rstrip("/")), None) for base in BASES):
        return True
    return "/" not in path and any(next((ROOT / top).rglob(path), None) for top in (*PACKAGES, "scripts", "tests"))


@pytest.mark.parametrize("page", WITH_PATHS, ids=ids(WITH_PATHS))
def test_every_path_is_there(page: Path) -> None:
    text = WEB.sub("", page.read_text())
    paths = set(re.findall(f"{FOLDERS}|{FILES}", text)) - FOREIGN
    assert sorted(path for path in paths if not is_there(path)) == []


def test_code_names_pages_that_are_there() -> None:
    gone = []
    for top_folder in (*PACKAGES, "scripts", "tests"):
        for file in (ROOT / top_folder).rglob("*.py"):
            named = re.findall(r"docs/[\w/-]+\.(?:md|png|conf|acl)\b", file.read_text())
            gone += [f"{file.name}: {path}" for path in named if not (ROOT / path).exists()]
    assert gone == []


# -- command lines


def command_lines(page: Path) -> Iterator[str]:
    """Yield each `pictophone ...` of a page: lines of code blocks, and code within text."""
    text = page.read_text()
    for block in FENCED.findall(text):
        for line in block.splitlines():
            typed = line.removeprefix("$ ").removeprefix(".venv/bin/")
            if typed.startswith("pictophone "):
                yield typed
    for code in CODE.findall(FENCED.sub("", text)):
        typed = code.removeprefix(".venv/bin/")
        if typed.startswith("pictophone "):
            yield typed


def options(command: Any, hidden: bool = False) -> set[str]:
    """Return every spelling of a command's options that its help shows; with `hidden`, the last release's too."""
    shown = [one for one in command.params if hidden or not getattr(one, "hidden", False)]
    return {"--help"}.union(*(spelling for one in shown for spelling in (one.opts, one.secondary_opts)))


def faults(line: str) -> Iterator[str]:
    """Yield what is wrong with a command line: a command or an option that there is not, a help that fails."""
    words = shlex.split(line.replace("…", ""), comments=True)[1:]
    command, names = top(), []
    while words and (known := parts(command)):
        word = words.pop(0)
        if word.startswith("-"):
            if word.partition("=")[0] not in options(command):
                yield f"{line}: no option {word}"
        elif word not in known:
            yield f"{line}: no command {word}"
            return
        else:
            command = known[word]
            names.append(word)
    for word in words:
        if word.startswith("-") and word != "-" and word.partition("=")[0] not in options(command):
            yield f"{line}: no option {word}"
    if fault := help_fault(*names):
        yield f"{line}: {fault}"


@cache
def help_fault(*names: str) -> str:
    """Run the --help of a command; return what is wrong with it, or nothing."""
    result = CliRunner().invoke(app, [*names, "--help"])
    return f"its --help ends with {result.exit_code}" if result.exit_code or not result.output else ""


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=ids(WITH_COMMANDS))
def test_every_command_line_is_one(page: Path) -> None:
    assert [fault for line in command_lines(page) for fault in faults(line)] == []


def test_there_are_command_lines() -> None:
    assert sum(1 for page in WITH_COMMANDS for _ in command_lines(page)) > 60


def test_every_command_is_on_the_front_page() -> None:
    named = {line.split()[1] for line in command_lines(README)}
    assert {name for name, command in parts(top()).items() if not command.hidden} <= named


@cache
def every_option() -> set[str]:
    """Return the options of all commands."""
    waiting, found = [top()], set[str]()
    while waiting:
        command = waiting.pop()
        found |= options(command, hidden=True)
        waiting += parts(command).values()
    return found


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=ids(WITH_COMMANDS))
def test_every_option_is_one_of_a_command_or_a_script(page: Path) -> None:
    scripts = "".join(
        path.read_text() for path in (ROOT / "scripts").rglob("*") if path.suffix in ("", ".py") and path.is_file()
    )
    scripts += "".join(path.read_text() for path in (ROOT / "docs" / "deploy").iterdir())
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", WEB.sub("", page.read_text())))
    assert sorted(one for one in named - every_option() if one not in scripts) == []
