"""`talk` and `listen`: links shown, read and refused, and what is said of what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from audience import LINK
from command import ROOM, Command

from node.call import speech_models
from node.commands import audience
from protocol.audience.audience_link import AUDIENCE_SCHEME, AudienceLink
from protocol.errors import NodeError, UsageError


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Command(monkeypatch, capsys)


def shown(command: Command, *arguments: str) -> AudienceLink:
    assert command.run("talk", *arguments, "--link", "--broker", "mqtts://ann:hunter2@broker.example.org").code == 0
    assert "hunter2" not in command.out
    return AudienceLink.parse(command.out)


def test_the_link_stays_until_it_is_made_anew(command: Command) -> None:
    first = shown(command)
    assert first.broker == "mqtts://ann@broker.example.org"
    assert shown(command) == first
    assert shown(command, "evening") != first
    assert shown(command, "--new").speaker != first.speaker


def test_a_link_from_now_is_of_the_same_speaker(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shown(command)
    monkeypatch.setattr(audience, "_clock_ms", lambda: (first.since + 10) * 3_600_000)
    later = shown(command, "--from-now")
    assert (later.since, later.speaker, later.audience) == (first.since + 10, first.speaker, first.audience)
    assert later.secret != first.secret
    assert shown(command) == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("listen",), "which audience?"),
        (("listen", ROOM), "the link of a room, whose members are met by"),
        (("listen", "treehouse"), "not the link of an audience"),
        (("call", LINK.reveal()), "the link of an audience, which is heard by"),
        (("listen", LINK.reveal()[:-1]), "85 letters and digits, not 84"),
        (("listen", LINK.reveal(), "--link-file", "x"), "not both"),
        (("talk", "a/b"), "cannot be called that"),
        (("talk", "--text", "x"), "--text 'x' is not known"),
        (("talk", "--profile", "natural"), "no audience says how it decodes: take another profile than 'natural'"),
        (("talk", "--link", "--broker", "bröker.example.org"), "fits into no link"),
    ],
)
def test_wrong_usage_is_one_line(command: Command, arguments: tuple[str, ...], said: str) -> None:
    assert said in command.fails(*arguments, code=2)


def test_no_link_is_shown_to_what_is_no_broker(command: Command) -> None:
    assert "its scheme is none of" in command.fails("talk", "--link", "--broker", "http://h", code=2)


def test_an_audience_is_not_recorded_openly_where_sealing_is_wanted(command: Command, tmp_path: Path) -> None:
    (tmp_path / "pictophone.toml").write_text("seal_recording = true\n")
    assert "is not sealed" in command.fails("listen", LINK.reveal(), "--record", "x.mcap", code=2)


def test_a_link_comes_by_argument_file_or_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert audience.read_link(LINK.reveal(), None) == (LINK, audience.IN_THE_OPEN)
    file = tmp_path / "link"
    file.write_text(f"{LINK.reveal()}\n")
    file.chmod(0o600)
    assert audience.read_link(None, file) == (LINK, "")
    monkeypatch.setattr("node.common.secret_input.ask", lambda what: LINK.reveal())
    assert audience.read_link("-", None) == (LINK, "")
    file.chmod(0o644)
    with pytest.raises(NodeError, match="others can read"):
        audience.read_link(None, file)
    with pytest.raises(UsageError) as caught:
        audience.read_link(f"{AUDIENCE_SCHEME}SECRET", None)
    assert "SECRET" not in str(caught.value)


def test_an_unreachable_broker_is_one_line(command: Command) -> None:
    link = AudienceLink(LINK.since, LINK.secret, LINK.speaker, "mqtt://127.0.0.1:1").reveal()
    command.run("listen", link, "--seconds", "5", "--no-wait", "--speaker", "none", "--models", "embedded")
    assert command.code == 1
    assert "127.0.0.1:1" in command.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "model"),
    [
        (("talk", "--broker", "mqtt://127.0.0.1:1", "--transcribe"), "speech_model"),
        (("talk", "--broker", "mqtt://127.0.0.1:1", "--profile", "text"), "speech_model"),
        (("listen", LINK.reveal(), "--speak"), "synthesiser"),
    ],
)
def test_speech_is_written_and_lines_are_spoken_as_in_a_call(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], model: str
) -> None:
    def missing(*_: object) -> None:
        raise NodeError(f"no {model} here")

    monkeypatch.setattr(speech_models, model, missing)
    command.run(*arguments, "--speaker", "none", "--models", "embedded", "--seconds", "5", "--no-wait", "--page", "off")
    assert (command.code, command.err.splitlines()[-1]) == (1, f"pictophone: no {model} here")


def test_what_a_listener_types_is_a_command_or_explained() -> None:
    from node.commands.audience_runs import SENDS_NOTHING, run_line

    class Recording:
        def __init__(self) -> None:
            self.did: list[object] = []

        def start(self, path: Path | None = None) -> None:
            self.did.append(path)

        def stop(self) -> None:
            self.did.append("stop")

    recording, notes = Recording(), list[str]()
    for line in ("/record a.mcap", "/record", "/stop", "", "hello"):
        run_line(recording, line, notes.append)  # type: ignore[arg-type]
    assert recording.did == [Path("a.mcap"), None, "stop"]
    assert notes == [SENDS_NOTHING]
