"""The options that commands share, each declared once, and the way from them to the settings in force."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from node.common import output, signals

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from node.common.config import Settings

P = ParamSpec("P")

# An option for each setting that a command may take, by the setting's name.
SETTINGS: Mapping[str, Any] = {
    "room_file": Annotated[Path | None, typer.Option(help="File whose first line is the room, as a link or in words.")],
    "broker": Annotated[
        str | None,
        typer.Option(
            help="Broker address: [mqtts://][USER@]HOST[:PORT], mqtt:// without TLS, wss://HOST/PATH by WebSocket; "
            "several of a cluster with commas."
        ),
    ],
    "broker_password_file": Annotated[
        Path | None, typer.Option(help="File whose first line is your password at the broker.")
    ],
    "route": Annotated[
        str | None,
        typer.Option(help="The way of speech: direct, broker, or auto, which takes what works and costs less."),
    ],
    "wait": Annotated[
        bool | None,
        typer.Option("--wait/--no-wait", help="Wait for broker and network at the start; default without a terminal."),
    ],
    "name": Annotated[str | None, typer.Option(help="What the others see you as.")],
    "speech": Annotated[str | None, typer.Option(help="What is said: mic, page, none, or a sound FILE.")],
    "loop": Annotated[bool | None, typer.Option("--loop", help="Play the sound file again and again.")],
    "profile": Annotated[
        str | None, typer.Option(help="How speech is sent: see `speech profiles`; auto follows the link.")
    ],
    "max_kbps": Annotated[
        float | None, typer.Option(help="With --profile auto: the most speech may take on the wire.")
    ],
    "bitrate": Annotated[int | None, typer.Option(help="Of Opus, in bit/s.")],
    "bandwidth": Annotated[str | None, typer.Option(help="Of Opus: nb, mb or wb; swb and fb carry no more here.")],
    "application": Annotated[str | None, typer.Option(help="What Opus is tuned for: voip, audio or lowdelay.")],
    "frame": Annotated[int | None, typer.Option(help="Ms an Opus frame lasts: 10, 20, 40 or 60.")],
    "bundle": Annotated[int | None, typer.Option(help="Frames a packet, 120 ms in all at most.")],
    "vbr": Annotated[bool | None, typer.Option("--vbr/--cbr", help="Variable or constant bitrate.")],
    "dtx": Annotated[bool | None, typer.Option("--dtx/--no-dtx", help="Send nothing in silence.")],
    "redundancy": Annotated[
        int | None, typer.Option(help="Packets later that each packet's copy comes: 1, 2; 0: none.")
    ],
    "high_band": Annotated[
        bool | None, typer.Option("--high-band/--no-high-band", help="Send what fills narrowband up to 8 kHz.")
    ],
    "camera": Annotated[
        str | None, typer.Option(help="What is seen: scene[:SEED], webcam, page, a FILE, a DIR or a device.")
    ],
    "me": Annotated[
        str | None, typer.Option(help='Who the camera sees, as in "a woman with long black hair and glasses".')
    ],
    "place": Annotated[
        str | None, typer.Option(help="Where you are, if no thing tells: office, kitchen, plain room, park ...")
    ],
    "speaker": Annotated[str | None, typer.Option(help="Where the others are heard: default, none, or FILE.wav.")],
    "pictures": Annotated[Path | None, typer.Option(help="Folder that painted pictures are kept in.")],
    "models": Annotated[str | None, typer.Option(help="Picture models: embedded, people, photo-cpu or photo-gpu.")],
    "captioner": Annotated[str | None, typer.Option(help="Another model that captions: a folder or a hub id.")],
    "generator": Annotated[str | None, typer.Option(help="Another model that paints: a folder or a hub id.")],
    "tries": Annotated[
        int | None,
        typer.Option(min=1, max=128, help="Paint so many pictures of a new scene and send the closest one's seed."),
    ],
    "look": Annotated[
        int | None, typer.Option(min=0, max=16, help="Bytes a picture for what words leave open: 0, 8 or 16.")
    ],
    "morph": Annotated[
        float | None, typer.Option(min=0, max=60, help="Pictures a second between two pictures; 0: none.")
    ],
    "clean": Annotated[
        bool | None, typer.Option("--clean/--no-clean", help="Take echo and noise out of what a microphone hears.")
    ],
    "transcribe": Annotated[
        bool | None,
        typer.Option("--transcribe/--no-transcribe", help="Write what you say: the others read it as subtitles."),
    ],
    "transcribe_model": Annotated[
        str | None, typer.Option(help="Another Whisper model that writes: a folder or a hub id.")
    ],
    "speak": Annotated[
        bool | None, typer.Option("--speak/--no-speak", help="Have lines spoken whose authors are not heard.")
    ],
    "libopus": Annotated[
        str | None,
        typer.Option(
            metavar="auto|bundled|FILE",
            help="Which libopus decodes: auto takes the system's if it restores wideband speech; or a FILE.",
        ),
    ],
    "lyra": Annotated[
        Path | None, typer.Option(help="Folder with Lyra V2's model files: talk with it to those who have them too.")
    ],
    "record": Annotated[
        Path | None, typer.Option(help="Record the call to a new FILE.mcap: see `pictophone session`.")
    ],
    "keep_snapshots": Annotated[
        bool | None,
        typer.Option("--keep-snapshots", help="Keep the camera's own pictures in the recording, to compare."),
    ],
    "seal_recording": Annotated[
        bool | None, typer.Option("--seal-recording", help="Encrypt recordings: readable with the room alone.")
    ],
    "on_join": Annotated[
        str | None, typer.Option(metavar="CMD", help="Run this command, without a shell, when a peer joins.")
    ],
    "on_message": Annotated[
        str | None, typer.Option(metavar="CMD", help="Run this command when a peer types a line: see docs/calling.md.")
    ],
    "page": Annotated[
        str | None,
        typer.Option(metavar="[HOST:PORT]", help="Serve a page that shows the call: 127.0.0.1:8765, or off."),
    ],
    "page_certificate": Annotated[
        Path | None, typer.Option(help="Encrypt the page: auto for a certificate of the node's own, or one (PEM).")
    ],
    "page_key": Annotated[Path | None, typer.Option(help="Its key (PEM).")],
}

# The settings that each command takes, in the order in which `--help` lists them.
ROOM = ("room_file", "broker", "broker_password_file")
PAGE = ("page", "page_certificate", "page_key")
HOOKS = ("on_join", "on_message")
CALL = tuple(SETTINGS)
SEND = tuple(key for key in CALL if key not in {"speaker", "pictures", "morph", "speak", "libopus"})
RECEIVE = (
    *(*ROOM, "route", "wait", "name", "speaker", "pictures", "models", "generator", "morph", "speak"),
    *("libopus", "lyra", "record", "seal_recording", *HOOKS, *PAGE),
)
NOT_DEMO = {"room_file", "route", "broker_password_file", "wait", "name", "seal_recording", *HOOKS}
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
Seconds = Annotated[float | None, typer.Option(min=0.1, help="End the call after this long.")]


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

    return config.load(**given)


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
