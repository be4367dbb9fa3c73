"""The command line: the commands by name, and the entry point. Each command's module is imported once it is named."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from node.commands.options import Verbose
from node.common import output, signals
from protocol.errors import NodeError, PictophoneError, UsageError

# All that can be wrong with what was typed. Newer typers bring a click of their own, and export but one kind of it.
ClickException: Any = typer.BadParameter.__mro__[2]

# The module of each command or group of commands, and its line in `--help`, in the order there.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("demo", "Run a whole call between two nodes on this machine, with a broker of its own."),
    "call": ("call", "Talk with everyone in a room: speech and pictures, both ways."),
    "send": ("call", "Send speech and pictures to a room, and receive nothing."),
    "receive": ("call", "Hear and see a room, and send nothing."),
    "talk": ("audience", "Speak to an audience without a limit, alone or from a room on stage."),
    "listen": ("audience", "Hear, see and read a stage, as one of its audience."),
    "replay": ("replay", "Play a recorded session: what was said and seen, in its own time."),
    "broker": ("broker", "Run a small MQTT broker, for a call between friends."),
    "caption": ("picture", "Say what pictures show."),
    "imagine": ("picture", "Paint a picture of a text."),
    "compare": ("compare", "Set a picture's words beside its files: bits and ratio of each."),
    "devices": ("doctor", "List microphones, loudspeakers and webcams."),
    "doctor": ("doctor", "Check that everything a call needs is here, and say what to do about what is not."),
    "room": ("room", "Make rooms, and keep them by name."),
    "models": ("models", "List, fetch and measure picture models."),
    "codec": ("codec", "Code captions, and measure the codecs."),
    "speech": ("speech", "Ways to send speech: list them, measure them, and find your own."),
    "session": ("session", "Recorded calls: look into them, share them, repair them."),
}
GROUPS = frozenset({"room", "models", "codec", "speech", "session"})


class Commands(TyperGroup):
    """The commands, each a name and a line until it is asked for: `--help` and a shell's completion are quick."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, about) in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=about)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is asked for, and return it with its name and its arguments."""
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = load(args[0])
        return super().resolve_command(ctx, args)


def load(name: str) -> Any:
    """Return the command, or the group of commands, of this name."""
    made: Any = typer.main.get_command(import_module(f"{__name__}.{COMMANDS[name][0]}").app)
    return made if name in GROUPS else getattr(made, "commands", {name: made})[name]


app = typer.Typer(
    cls=Commands,
    help="Talk and see each other over 16 kbit/s: speech as low-bitrate Opus, pictures as words.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from node.recording import provenance as about

        output.say(about.program())
        raise typer.Exit()


@app.callback()
def _program(
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
    verbose: Verbose = 0,
) -> None:
    """What may be given before a command's name."""


def main() -> None:
    """Run the command line that this process was started with. An error is one line.

    Exit code 0, 1 for a failure, 2 for wrong usage; 128 and the signal's number for work that a signal broke off: 130
    for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP. What runs until it is ended has not failed when a signal does that.
    """
    with signals.breaking_off(), output.prepared():
        code = _run()
        sys.exit(1 if output.failed() and not code else code)


def _run() -> int:
    """Run the command, and return the exit code."""
    try:
        return int(app(_arguments(), standalone_mode=False) or 0)
    except ClickException as error:
        output.complain(_shown(error))
        return int(error.exit_code)
    except UsageError as error:
        output.remark(error)
        return 2
    except (NodeError, PictophoneError, OSError) as error:
        output.remark(error)
    except typer.Abort:
        output.remark("the input ended where something was asked")
    return 1


def _shown(error: Any) -> list[str]:
    """Return typer's lines about wrong usage; they repeat what was typed, and typer would print that as it is."""
    text = io.StringIO()
    error.show(file=text)
    return text.getvalue().splitlines()


def _arguments() -> list[str]:
    """Return what was typed, with the address that `--page` alone stands for: no option of typer's may have a value."""
    if "--page" not in sys.argv:
        return sys.argv[1:]
    from node.web.page_address import with_default

    return with_default(sys.argv[1:])
