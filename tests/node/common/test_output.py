"""Where everything is printed: as text, in any encoding, into anything, and nowhere else."""

from __future__ import annotations

import ast
import errno
import io
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.live import Live

from node.common import output

HOSTILE = "[/b]\x1b]52;c;aA=\x07\n\u202e\ud800"
SHOWN = "[/b]�]52;c;aA=� �"
NODE = Path(output.__file__).parents[1]


def run(code: str, environment: dict[str, str] | None = None, **how: object) -> subprocess.CompletedProcess[bytes]:
    """A process that prints: `code` runs as a command of ours does."""
    program = (
        "import sys\nfrom node.common import output\n"
        f"with output.prepared():\n    {code}\n    sys.exit(3 if output.failed() else 0)\n"
    )
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-c", program], env=dict(os.environ) | (environment or {}), check=False, **how
    )


# -- what is printed


def test_a_line_is_one_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(HOSTILE, 1)
    output.remark(HOSTILE)
    output.complain([HOSTILE])
    output.writer(on_error=False)(HOSTILE)
    output.writer(on_error=True)(HOSTILE)
    out, err = capsys.readouterr()
    assert out == f"{SHOWN}\n1\n{SHOWN}\n"
    assert err == f"pictophone: {SHOWN}\n{SHOWN}\n{SHOWN}\n"


def test_what_was_asked_for_is_itself_but_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output.deliver("a\x1b\n")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.deliver("a\x1b\n")
    assert capsys.readouterr().out == "a\x1b\n\na� \n"


def test_a_drawing_is_of_blocks_alone(capsys: pytest.CaptureFixture[str]) -> None:
    output.draw(["\x1b[97;40m█▀▄ \x1b[0m"])
    assert capsys.readouterr().err == "\x1b[97;40m█▀▄ \x1b[0m\n"
    for foreign in ("a", "█\x1b]0;t\x07", "█\n█"):
        with pytest.raises(ValueError, match="no block"):
            output.draw([foreign])


def test_a_line_goes_above_what_is_drawn_again_and_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = output.console()
    with Live("below", console=console, auto_refresh=False) as live:
        output.say(HOSTILE)
        output.remark(HOSTILE)
        live.refresh()
    out, err = capsys.readouterr()
    assert f"{SHOWN}\n" in out
    assert f"pictophone: {SHOWN}\n" in out + err
    assert "\x1b]" not in out + err


def test_a_prompt_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"after {prompt}")
    assert output.ask_unseen(f"password of {HOSTILE}") == f"after password of {SHOWN}: "


def test_what_libraries_log_and_warn_of_is_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("a library")
    monkeypatch.setattr(log, "propagate", False)  # of pytest's own handlers
    monkeypatch.setattr(logging.getLogger("py.warnings"), "propagate", False)
    before = logging.lastResort
    with output.prepared():
        log.warning("the peer says %s", HOSTILE)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(HOSTILE, stacklevel=1)
    assert logging.lastResort is before
    _, err = capsys.readouterr()
    assert "the peer says [/b]�]52;c;aA=�\n" in err
    assert "\x1b" not in err
    assert "\ud800" not in err


def test_a_fault_of_ours_is_a_traceback_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end, output.prepared():
        raise KeyError(HOSTILE) from RuntimeError("\x1b[2J")
    assert end.value.code == 1
    _, err = capsys.readouterr()
    assert "Traceback" in err
    assert "\x1b" not in err


# -- encodings


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", b"Zo? ~ -- ##. ??"),
        ("ascii:strict", b"Zo? ~ -- ##. ??"),
        ("latin-1", b"Zo\xeb ~ -- ##. ??"),
        ("cp1252", b"Zo\xeb \x85 \x97- ##. ??"),
        ("utf-8", "Zoë … —─ ▮▮▯ 名�".encode()),
    ],
)
def test_what_an_encoding_lacks_is_replaced(encoding: str, shown: bytes) -> None:
    text = "Zoë … —─ ▮▮▯ 名\ud800".encode("unicode_escape").decode()
    done = run(f"output.say('{text}'); output.remark('{text}')", {"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stdout.strip()) == (0, shown)
    assert done.stderr.strip() == b"pictophone: " + shown


def test_a_table_in_ascii_is_drawn_in_ascii() -> None:
    code = "from rich.table import Table; t = Table(title='Zoë'); t.add_column('[b]a'); t.add_row('名'); "
    done = run(f"{code}output.console().print(t)", {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"[b]a" in done.stdout
    assert b"+------+" in done.stdout


def test_the_c_locale_shows_what_it_can() -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert run(r"output.say('Zo\xeb')", plain).stdout == b"Zo?\n"


# -- what it is printed into


@pytest.fixture
def full() -> Iterator[io.FileIO]:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("wb", buffering=0) as file:
        yield file


MUCH = "[output.say('x' * 1000) for _ in range(1000)]"


def test_a_reader_who_goes_away_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(f"{MUCH}; output.console().print('x'); output.remark('done')", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"pictophone: done\n")


def test_a_full_disk_ends_nothing_and_is_a_failure(full: io.FileIO) -> None:
    done = run(f"{MUCH}; output.remark('done')", stdout=full)
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        b"pictophone: done",
        f"pictophone: cannot write all of standard output: {os.strerror(errno.ENOSPC)}".encode(),
    ]


def test_an_error_output_that_is_gone_ends_nothing(full: io.FileIO) -> None:
    done = run("output.remark('x' * 100_000); output.say('done')", stderr=full)
    assert (done.returncode, done.stdout) == (0, b"done\n")


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "<&- >&- 2>&-"])
def test_no_stream_has_to_be_open(closed: str, tmp_path: Path) -> None:
    """And no file or socket gets the number of one, or it would be printed into."""
    program = (
        "import os, pathlib\nfrom node.common import output\nwith output.prepared():\n"
        "    file = os.open('other', os.O_WRONLY | os.O_CREAT)\n"
        "    output.say('x'); output.remark('x'); output.console().print('x')\n"
        "    assert file > 2, file\n    assert not output.failed()\n    pathlib.Path('done').touch()\n"
    )
    (tmp_path / "program.py").write_text(program)
    subprocess.run(
        ["sh", "-c", f"exec '{sys.executable}' program.py {closed}"],
        cwd=tmp_path, env=dict(os.environ, PYTHONPATH=str(NODE.parent)), check=True, capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "done").exists()
    assert (tmp_path / "other").read_bytes() == b""


def test_a_stream_that_was_closed_or_is_none_takes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for gone in (closed, None):
        monkeypatch.setattr(sys, "stdout", gone)
        output.say("x")
        output.console().print("x")
        assert not output.is_terminal()


# -- nothing else prints

MAY = {
    ("common/output.py", "*"): "the place where it is done",
    ("common/standard_streams.py", "*"): "the streams themselves",
    ("common/console.py", "Console"): "the class that takes every string as text",
    ("terminal/keyboard.py", "os.write"): "echoes keys that a person typed, printable ones alone",
    ("vision/people/identity.py", "sys.stdout"): "asked whether it is a terminal",
    ("common/child_process.py", "sys.stdout"): "the standard output of a process of ours is the pipe to the node",
    ("common/child_process.py", "sys.stderr"): "nowhere, or a file that the node reads, and shows as text",
    ("vision/model_server.py", "sys.stderr"): "a file that the node reads, and shows as text",
    ("speech/lyra_model.py", "sys.stderr"): "flushed, not written to",
}
CALLS = {"print", "input", "Console", "breakpoint"}
ATTRIBUTES = {
    *("echo", "secho", "print_exc", "print_exception", "print_stack", "from_markup", "print_json", "basicConfig"),
    *("StreamHandler", "Console", "getpass", "get_console", "render_markup"),
}
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}


def printing(path: Path) -> Iterator[tuple[int, str]]:
    """Where this file may write to a terminal, and by what."""
    for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match part:
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield part.lineno, name
            case ast.Call(func=ast.Attribute(attr=name, value=value)) if name in ATTRIBUTES:
                yield part.lineno, f"{ast.unparse(value)}.{name}"
            case ast.Call(func=ast.Attribute(attr="write", value=ast.Name(id="os"))):
                yield part.lineno, "os.write"
            case ast.Attribute(attr=name, value=ast.Name(id="sys")) if name in STREAMS:
                yield part.lineno, f"sys.{name}"
            case ast.ImportFrom(module="rich", names=names) if any(each.name == "print" for each in names):
                yield part.lineno, "rich.print"
            case ast.Constant(value=str(value)) if value.startswith(("/dev/tty", "/dev/std", "/dev/fd")):
                yield part.lineno, value
            case ast.keyword(arg="markup" | "emoji", value=ast.Constant(value=True)):
                yield part.value.lineno, "markup"
            case ast.Call(func=ast.Name(id="Live" | "Progress" as name), keywords=given):
                if not any(each.arg == "console" for each in given):
                    yield part.lineno, f"{name} without a console"


def test_nothing_but_the_output_prints() -> None:
    found = []
    for path in sorted(NODE.rglob("*.py")):
        name = path.relative_to(NODE).as_posix()
        for line, what in printing(path):
            if (name, what) not in MAY and (name, "*") not in MAY:
                found.append(f"node/{name}:{line}: {what}")
    assert found == []


def test_the_search_finds_what_prints(tmp_path: Path) -> None:
    lines = [
        "print(name)", "typer.echo(name)", "sys.stdout.write(name)", "os.write(1, name)", "Console().print(name)",
        "rich.console.Console()", "x = sys.stderr", "Live(name)", "Text.from_markup(name)", "from rich import print",
        "open('/dev/tty', 'w')", "TextColumn(name, markup=True)", "getpass.getpass(name)", "traceback.print_exc()",
    ]  # fmt: skip
    for line in lines:
        (tmp_path / "one.py").write_text(line)
        assert list(printing(tmp_path / "one.py")), line
