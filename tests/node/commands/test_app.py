"""The command line: what it takes, what it answers, and how it ends."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from command import ROOM, SECRET, Command
from fake_models import FakeWorker
from PIL import Image

from node import commands
from node.call import build
from node.links.address import BrokerAddress

COMMANDS = list(commands.COMMANDS)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> FakeWorker:
    """Models that need no loading."""
    worker = FakeWorker()
    monkeypatch.setattr(build, "worker", lambda settings, role: worker)
    return worker


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "seen.png"
    Image.new("RGB", (8, 8), "red").save(path)
    return path


HOSTILE = "[/b]\x1b]0;x\x07"
SHOWN = "[/b]�]0;x�"


# -- help and usage


def test_help_names_every_command(command: Command) -> None:
    command.run("--help")
    assert command.code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in command.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(command: Command, name: str) -> None:
    command.run(name, "--help")
    assert (command.code, command.err) == (0, "")
    assert f" {name} [OPTIONS]" in command.out.splitlines()[0]
    about = commands.COMMANDS[name][1]
    assert about in " ".join(command.out.split())  # as the list of all commands has it


@pytest.mark.parametrize("name", sorted(commands.GROUPS))
def test_every_command_of_a_group_explains_itself(command: Command, name: str) -> None:
    for each in commands.load(name).commands:
        command.run(name, each, "--help")
        assert (command.code, command.err) == (0, "")
        assert f" {name} {each} [OPTIONS]" in command.out.splitlines()[0]
        assert "-v, --verbose" in command.out


def test_the_version(command: Command) -> None:
    command.run("--version")
    assert (command.code, command.out, command.err) == (0, f"pictophone {version('pictophone')}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion_script(shell: str) -> None:
    assert "_PICTOPHONE_COMPLETE" in completed(f"source_{shell}")


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("pictophone se", {"send", "session"}),
        ("pictophone session e", {"export"}),
        ("pictophone session export --o", {"--output"}),
        ("pictophone call --profi", {"--profile"}),
    ],
)
def test_commands_and_options_are_completed(typed: str, names: set[str]) -> None:
    position = len(typed.split()) - 1
    assert set(completed("complete_bash", COMP_WORDS=typed, COMP_CWORD=str(position)).split()) == names


def completed(instruction: str, **words: str) -> str:
    """What the program answers a shell that completes."""
    code = "import sys; sys.argv = ['pictophone']; from node.commands import main; main()"
    environment = {**os.environ, "_PICTOPHONE_COMPLETE": instruction, **words}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


# -- the log


@pytest.mark.parametrize(
    ("arguments", "levels"),
    [
        (["devices"], ["WARNING"]),
        (["devices", "-v"], ["INFO", "WARNING"]),
        (["-v", "devices"], ["INFO", "WARNING"]),
        (["devices", "-vv"], ["DEBUG", "INFO", "WARNING"]),
        (["-v", "devices", "--verbose"], ["INFO", "WARNING"]),
        (["-vv", "devices", "-v"], ["DEBUG", "INFO", "WARNING"]),
    ],
)
def test_the_log_is_shown_as_verbosely_as_is_asked_for(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], levels: list[str]
) -> None:
    def work() -> list[str]:
        for name in ("node.made_up", "a.library"):
            for level in (logging.DEBUG, logging.INFO, logging.WARNING):
                logging.getLogger(name).log(level, "it is %s", HOSTILE)
        return ["done"]

    monkeypatch.setattr("node.commands.doctor.device_lines", work)
    for name in ("node", "a.library"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", False)  # to pytest's own handlers
    command.run(*arguments)
    assert command.out == "done\n"
    lines = [line for line in command.err.splitlines() if line != f"it is {SHOWN}"]
    bare = len(command.err.splitlines()) - len(lines)
    if len(arguments) == 1:
        assert (lines, bare) == ([], 2)  # the warnings alone, as ever
        return
    assert bare == 1  # the library's warning
    assert [line.split()[1] for line in lines] == levels
    assert all(line.endswith(f"node.made_up: it is {SHOWN}") for line in lines)
    for name in ("node", "protocol"):
        assert (logging.getLogger(name).handlers, logging.getLogger(name).level) == ([], logging.NOTSET)


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["call", ROOM, "--frobnicate"],
        ["call", ROOM, "--seconds", "0"],
        ["call", ROOM, "--seconds", "soon"],
        ["broker", "--port", "65536"],
        ["imagine", "a cat"],
        ["imagine", "a cat", "-o", "x.png", "--seed", "-1"],
        ["caption"],
        ["compare", "--frobnicate"],
        ["demo", "--page-key"],
    ],
)
def test_wrong_usage_ends_with_two(command: Command, arguments: list[str]) -> None:
    command.run(*arguments)
    assert (command.code, command.out) == (2, "")
    assert "Error: " in command.err
    assert "Traceback" not in command.err


@pytest.mark.parametrize("name", ["call", "send", "receive", "doctor"])
def test_a_passphrase_needs_no_quotes_and_is_not_repeated(
    command: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rooms: list[str | None] = []

    async def run(settings: object, room: str | None = None, *rest: object) -> bool:
        rooms.append(room)
        return True

    monkeypatch.setattr("node.commands.call.run", run)
    monkeypatch.setattr("node.commands.doctor.run", run)
    command.run(name, "otter", "lamp", SECRET, "--broker", "mqtt://h")
    assert (command.code, command.out, command.err, rooms) == (0, "", "", [f"otter lamp {SECRET}"])
    command.run(name)
    assert rooms[1:] == [None]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["call", ROOM, "--page", "nowhere:x"], "no address to serve the page at: 'nowhere:x'"),
        (["call", ROOM, "--speech", "page"], "--speech page needs a page"),
        (["demo", "--page", ":0", "--page-key", "key.pem"], "go together"),
    ],
)
def test_a_page_that_cannot_be_is_wrong_usage(
    command: Command, worker: FakeWorker, arguments: list[str], said: str
) -> None:
    assert said in command.fails(*arguments, code=2)


def test_a_call_of_one_with_a_page_says_where_it_is(
    command: Command, worker: FakeWorker, mosquitto: BrokerAddress, free_port: Callable[[], int]
) -> None:
    port = free_port()
    command.run("call", ROOM, "--page", f":{port}", "--broker", mosquitto, "--seconds", "1", "--json")
    assert command.code == 0
    assert f"the page is at http://127.0.0.1:{port}/" in command.err


def test_a_broker_takes_a_whole_login(command: Command) -> None:
    assert "--username and --password" in command.fails("broker", "--username", "ann", code=2)
    assert "--username and --password" in command.fails("broker", "--password", SECRET, code=2)


def test_a_wrong_setting_is_wrong_usage(command: Command, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "'name'" in command.fails("call", ROOM, "--name", "x" * 100, code=2)
    monkeypatch.setenv("PICTOPHONE_PROFILE", "none such")
    assert "'none such'" in command.fails("call", ROOM, "--speech", "none", "--speaker", "none", code=2)


@pytest.mark.parametrize(("broker", "said"), [("http://h", "http://h"), (f"mqtt://ann:{SECRET}@h:x", "mqtt://…@h:x")])
def test_a_broker_that_is_none_is_one_line(command: Command, worker: FakeWorker, broker: str, said: str) -> None:
    assert said in command.fails("receive", ROOM, "--speaker", "none", "--broker", broker, code=2)
    assert not worker.open


# -- failures: one line each


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["call", ROOM, "--speech", "/no/such.wav"], "/no/such.wav"),
        (["send", ROOM, "--speech", "none", "--camera", "/no/such.png"], "/no/such.png"),
        (["receive", ROOM, "--speaker", "heard.mp3"], "heard.mp3"),
        (["caption", "/no/such.png"], "/no/such.png"),
        (["compare", "/no/such.png"], "/no/such.png"),
        (["compare", "--article", "-o", "/no/such/x.html"], "/no/such"),
        (["imagine", "a cat", "-o", "/no/such/x.png"], "/no/such"),
        (["imagine", "a cat", "-o", "x.frob"], ".frob"),
    ],
)
def test_what_is_not_there_is_one_line(command: Command, worker: FakeWorker, arguments: list[str], said: str) -> None:
    assert said in command.fails(*arguments)
    assert not worker.open


def test_an_unreadable_picture_is_one_line(command: Command, worker: FakeWorker, tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("no picture")
    assert "text.png" in command.fails("caption", path)


def test_an_unreadable_sound_is_one_line(command: Command, worker: FakeWorker, tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("no sound")
    assert "text.wav" in command.fails("send", ROOM, "--speech", path)


def test_an_unknown_model_is_one_line(command: Command, picture: Path) -> None:
    assert "no model folder '/no/such'" in command.fails("caption", picture, "--captioner", "/no/such")
    assert "no model folder '/no/such'" in command.fails("imagine", "a cat", "-o", "x.png", "--generator", "/no/such")


def test_a_folder_that_holds_no_model_is_one_line(command: Command, picture: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "empty" in command.fails("caption", picture, "--captioner", empty)


def test_a_taken_port_is_one_line(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in command.fails("broker", "--port", port)


def failing_call(command: Command, broker: object) -> str:
    """A call that cannot begin: the display may have spoken before, and the error is one line after it."""
    command.run("receive", ROOM, "--speaker", "none", "--broker", broker, "--json")
    assert (command.code, command.out) == (1, "")
    *_, last = command.err.splitlines()
    assert [line for line in command.err.splitlines() if line.startswith("pictophone: ")] == [last]
    assert "Traceback" not in command.err
    assert SECRET not in command.err
    return last


def test_a_broker_that_is_not_there_is_one_line(
    command: Command, worker: FakeWorker, free_port: Callable[[], int]
) -> None:
    port = free_port()
    assert f"mqtt://127.0.0.1:{port}" in failing_call(command, f"mqtt://ann:{SECRET}@127.0.0.1:{port}")
    assert "no-such-host.invalid" in failing_call(command, f"mqtt://ann:{SECRET}@no-such-host.invalid")


def test_a_wrong_password_is_one_line(
    command: Command, worker: FakeWorker, start_mosquitto: Callable[..., object]
) -> None:
    address = start_mosquitto({"ann": "right"}).address
    last = failing_call(command, f"mqtt://ann:{SECRET}@{address.host}:{address.port}")
    assert "refuses the login" in last


def test_an_interrupted_command_ends_as_interrupted(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**flags: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("node.common.config.load", interrupt)
    assert command.run("caption", "x.png").code == 130
    assert "Traceback" not in command.err


# -- what works


def test_a_caption(command: Command, worker: FakeWorker, picture: Path) -> None:
    assert command.run("caption", picture).code == 0
    assert command.out.strip() == worker.captioned[0]
    command.run("caption", picture, "--json")
    seen = json.loads(command.out)
    assert (seen["picture"], seen["caption"]) == (str(picture), worker.captioned[0])
    assert (seen["attributes"], seen["observation"]) == ({}, None)


def test_an_imagined_picture(command: Command, worker: FakeWorker, tmp_path: Path) -> None:
    assert command.run("imagine", "a cat", "--output", "x.png", "--seed", "5").code == 0
    assert worker.painted == [("a cat", 5)]
    with Image.open(tmp_path / "x.png") as painted:
        assert painted.format == "PNG"


def test_words_that_the_painter_does_not_know_are_told_of(command: Command, worker: FakeWorker) -> None:
    assert command.run("imagine", "a cat sitting on a bench", "-o", "x.png").code == 0
    wrote = "pictophone: wrote x.png: 0.1 kB\n"
    assert command.err == wrote
    assert command.run("imagine", "ein Hund", "-o", "x.png").code == 0
    assert command.err == (
        "pictophone: these words are written on a card: the embedded painter knows drawn scenes alone\n" + wrote
    )
    command.run("imagine", "a cat sitting on a bench, a pizza", "-o", "x.png")
    assert "written beneath is 'a pizza'" in command.err
    command.run("imagine", "ein Hund", "-o", "x.png", "--models", "photo-cpu")
    assert command.err == wrote


def test_a_picture_and_the_articles_sentence_are_compared(
    command: Command, worker: FakeWorker, picture: Path, tmp_path: Path
) -> None:
    assert command.run("compare", picture, picture, "--article", "-o", "report.html").code == 0
    assert "9,039:1" in command.out
    assert command.out.count(worker.captioned[0]) == 2
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert command.run("compare", "--article", "--json").code == 0
    assert json.loads(command.out)["article"]["article"] == {"bits": 174, "ratio_256": 9039, "ratio_1024": 144624}


def test_nothing_to_compare_is_wrong_usage(command: Command) -> None:
    assert "--article" in command.fails("compare", code=2)


def test_the_devices(command: Command) -> None:
    assert command.run("devices").code == 0
    assert [line for line in command.out.splitlines() if line in ("microphones:", "loudspeakers:", "webcams:")] == [
        "microphones:",
        "loudspeakers:",
        "webcams:",
    ]


def test_the_doctor_ends_with_one_if_something_needed_is_missing(
    command: Command, worker: FakeWorker, mosquitto: BrokerAddress, free_port: Callable[[], int]
) -> None:
    assert command.run("doctor", "--broker", mosquitto).code == 0
    assert command.run("doctor", "--broker", f"mqtt://127.0.0.1:{free_port()}").code == 1
    assert "NO broker" in command.out


@pytest.mark.parametrize("name", ["call", "send", "receive"])
def test_a_call_of_one_ends_with_its_summary(
    command: Command, worker: FakeWorker, mosquitto: BrokerAddress, picture: Path, name: str
) -> None:
    sends = ["--speech", "none", "--camera", picture] if name != "receive" else []
    receives = ["--speaker", "none"] if name != "send" else []
    command.run(name, ROOM, "--broker", mosquitto, "--seconds", "1", "--json", *sends, *receives)
    assert command.code == 0
    summary = json.loads(command.out)
    assert summary["speech"]["profile"] == "lean"
    assert summary["picture"]["captioned"] <= len(sends)
    assert summary["call"]["wire_kbps"] > 0


def test_a_detailed_log_of_a_call_holds_neither_captions_nor_the_room(
    command: Command, worker: FakeWorker, mosquitto: BrokerAddress, picture: Path
) -> None:
    given = ("--speech", "none", "--speaker", "none", "--camera", picture, "--broker", mosquitto)
    command.run("call", ROOM, *given, "--seconds", "1", "--json", "-vv")
    assert command.code == 0
    log = "\n".join(line for line in command.err.splitlines() if re.match(r"\d\d:\d\d:\d\d\.\d{3} [A-Z]+ node\.", line))
    assert not [part for part in (*worker.captioned, *ROOM.partition(":")[2].split("-")[1:]) if part in log]


# -- what is imported


def modules_after(code: str) -> set[str]:
    """The top-level modules of a fresh Python that ran this."""
    show = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"torch", "transformers", "diffusers", "aiortc", "aiomqtt", "amqtt", "av", "numpy", "PIL", "sounddevice"}


def test_help_is_answered_without_the_heavy_libraries() -> None:
    code = "import sys\nfrom node.commands import main\nsys.argv = ['pictophone', 'call', '--help']\n"
    modules = modules_after(f"{code}try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0")
    assert "typer" in modules
    assert modules & HEAVY == set()


def test_the_protocol_imports_msgpack_cryptography_and_for_its_codebook_numpy() -> None:
    every = "import importlib, pkgutil, protocol\nfor m in pkgutil.walk_packages(protocol.__path__, 'protocol.'):\n"
    modules = modules_after(f"{every}    importlib.import_module(m.name)") - modules_after("")
    ours = {name for name in modules if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert ours - {"cython_runtime"} == {
        "protocol",
        "msgpack",
        "cryptography",
        "numpy",
    }  # msgpack's own extension brings that along


def test_numpy_waits_until_a_codebook_is_read() -> None:
    assert "numpy" not in modules_after("import protocol.captions, node")


# -- what was typed, and what others wrote, is text


def test_wrong_usage_repeats_what_was_typed_as_text(command: Command) -> None:
    command.run("call", ROOM, "--frob\x1b]0;x\x07[/b]")
    assert command.code == 2
    assert "[/b]" in command.err
    assert "\x1b" not in command.err.replace("\\x1b", "")
    assert "\x1b" not in command.err


def test_an_error_that_no_command_expected_is_one_line_if_it_is_the_systems(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**flags: object) -> None:
        raise PermissionError(13, "Permission denied", "a\x1b[2J")

    monkeypatch.setattr("node.common.config.load", refuse)
    assert "Permission denied" in command.fails("caption", "x.png")
    assert "\x1b" not in command.err


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_breaks_a_command_off(command: Command, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    number = getattr(signal, name)

    def raise_signal(**flags: object) -> None:
        signal.raise_signal(number)

    monkeypatch.setattr("node.common.config.load", raise_signal)
    assert command.run("caption", "x.png").code == 128 + number
    assert command.err == ""
