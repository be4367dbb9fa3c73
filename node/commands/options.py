"""The options that commands share, each declared once, and the way from them to the settings in force."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from node.commands.setting_options import SETTINGS, check_needs
from node.common import output, signals

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from node.common.config import Settings

P = ParamSpec("P")

# The settings that each command takes, in the order in which `--help` lists them.
ROOM = ("room_file", "broker", "broker_password_file")
PAGE = ("page", "page_certificate", "page_key")
HOOKS = ("on_join", "on_message", "on_floor")
CALL = tuple(SETTINGS)
SEND = tuple(key for key in CALL if key not in {"speaker", "pictures", "morph", "speak", "libopus"})
RECEIVE = (
    *(*ROOM, "route", "wait", "name", "speaker", "pictures", "models", "generator", "morph", "speak"),
    *("libopus", "lyra", "record", "seal_recording", "on_join", "on_message", *PAGE),
)
NOT_DEMO = {"room_file", "route", "broker_password_file", "wait", "name", "seal_recording", *HOOKS}
NOT_DEMO |= {"push_to_talk", "floor_limit"}
DEMO = tuple(key for key in CALL if key not in NOT_DEMO)

Room = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ROOM", help="A saved room, a room's link or its twelve words, a passphrase, or - to be asked for it."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Summary = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object on standard output.")]
Text = Annotated[
    str | None,
    typer.Option("--text", metavar="-", help="Chat by standard input and output, one line a message, for scripts."),
]
Seconds = Annotated[float | None, typer.Option(min=0.1, help="End the call after so many seconds.")]


def _show_log(count: int) -> int:
    output.show_log(count)
    return count


Verbose = Annotated[
    int,
    typer.Option(
        *("--verbose", "-v"),
        count=True,
        show_default=False,
        callback=_show_log,
        help="Log what happens on standard error; -vv: in detail.",
    ),
]


def group(about: str | None = None) -> typer.Typer:
    """Make an app of commands: a group of its own if it is `about` something, else commands beside the others."""
    return typer.Typer(
        help=about,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def command(
    app: typer.Typer, *keys: str, name: str | None = None, **helps: str
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function a command of the app, that takes the options of these settings beside the function's own.

    A function with a parameter `settings` gets the settings in force: the options that were given win over the
    environment, and that over the file. `keys` are in the order of `--help`, before the function's own options; a key
    that is the name of one of these says where that is listed. `helps` has other texts for the help of some settings.
    A parameter that is a dataclass stands for an option of each of its fields. Every command takes `--verbose`.
    """

    def register(function: Callable[P, None]) -> Callable[P, None]:
        own = _parameters(function)
        groups = {key: own.pop(key).annotation for key in list(own) if is_dataclass(own[key].annotation)}
        members = {key: _parameters(group) for key, group in groups.items()}
        for each in members.values():
            own |= each
        with_settings = own.pop("settings", None) is not None
        shared = {key: _parameter(key, helps.get(key)) for key in keys if key not in own}
        placed = {key: shared.get(key) or own[key] for key in keys} | own
        placed["verbose"] = inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=0, annotation=Verbose)

        def run(**given: Any) -> None:
            values = {key: given[key] for key in own}
            for key, group in groups.items():
                values[key] = group(**{name: values.pop(name) for name in members[key]})
            if with_settings:
                values["settings"] = _load({key: given[key] for key in shared})
            function(**values)  # type: ignore[call-arg]

        functools.update_wrapper(run, function)
        run.__annotations__ = {key: parameter.annotation for key, parameter in placed.items()}
        run.__signature__ = inspect.Signature(list(placed.values()))  # type: ignore[attr-defined]
        app.command(name)(run)
        return function

    return register


def _parameters(function: Callable[..., None]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a command's function, their annotations evaluated: typer reads the options there."""
    hints = typing.get_type_hints(function, localns={"Settings": object}, include_extras=True)
    return {
        key: parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[key])
        for key, parameter in inspect.signature(function).parameters.items()
    }


def _parameter(key: str, about: str | None) -> inspect.Parameter:
    """Return the option of a setting. None stands for what was not given."""
    annotation = SETTINGS[key]
    if about is not None:
        option = copy(annotation.__metadata__[0])
        option.help = about
        annotation = Annotated[annotation.__origin__, option]
    return inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _load(given: Mapping[str, object]) -> Settings:
    from node.common import config

    settings = config.load(**given)
    check_needs(settings)
    return settings


def run(work: Coroutine[Any, Any, bool]) -> None:
    """Run a command's work; end the command with exit code 1 if the work returns false."""
    if not signals.run(work):
        raise typer.Exit(1)


def joined(words: list[str] | None) -> str | None:
    """Return what was given as the room; words and passphrases need no quotes, and no error repeats their parts."""
    return " ".join(words) if words else None


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How to replay: times in seconds, names of those to be heard (none: all), and a room to replay into.

    A `word` is what to begin at, instead of a time.
    """

    start: float = 0.0
    end: float | None = None
    speed: float = 1.0
    loop: bool = False
    who: tuple[str, ...] = ()
    models: str | None = None
    generator: str | None = None
    into: str | None = None
    word: str | None = None
