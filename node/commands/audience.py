"""The commands `talk` and `listen`: a stage and its audience."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands import options
from node.commands.call_lines import is_piped
from node.common import output, secret_input
from node.rooms.audience_store import DEFAULT_NAME, SavedAudience, find_or_make, make
from protocol.audience.audience_link import AudienceLink
from protocol.audience.epochs import epoch_of
from protocol.errors import UsageError
from protocol.room_link import is_link

if TYPE_CHECKING:
    from node.common.config import Settings

app = options.group()

WHAT = "audience's link"
PROMPT = "-"
IN_THE_OPEN = (
    "others on this machine can see the audience's link among the running commands: give --link-file, or - to be asked"
)

# A listener takes what a receiver does, but for the room; nobody in a room seals what is recorded of an audience.
TALK = tuple(key for key in options.CALL if key not in {"seal_recording", "lyra", "room_file"})
LISTEN = tuple(key for key in options.RECEIVE if key not in {"room_file", "name", "lyra", "seal_recording", "on_join"})


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """Which audience is spoken to, and from where."""

    stage: Annotated[
        str | None, typer.Option(metavar="ROOM", help="Speak from this room: its members are on stage, too.")
    ] = None
    link: Annotated[bool, typer.Option("--link", help="Print the audience's link, and end.")] = False
    from_now: Annotated[
        bool, typer.Option("--from-now", help="Show a link that opens nothing that was said before this hour.")
    ] = False
    new: Annotated[
        bool, typer.Option("--new", help="Make this audience anew: links that were given out are dead from now on.")
    ] = False


Audience = Annotated[str, typer.Argument(metavar="AUDIENCE", help="Its name here; a new one is made.")]


@options.command(app, *TALK)
def talk(
    settings: Settings,
    asked: TalkOptions,
    audience: Audience = DEFAULT_NAME,
    seconds: options.Seconds = None,
    json: options.Summary = False,
    text: options.Text = None,
) -> None:
    """Speak to an audience without a limit, alone or from a room on stage.

    Whoever gets the link hears, sees and reads you, two seconds later, by: pictophone listen LINK
    """
    from node.commands import audience_runs
    from node.vision.people.identity import introduced

    _refuse_sealing(settings)
    _refuse_natural(settings)
    settings = settings.model_copy(update={"lyra": None})  # no listener has it
    secret_input.forbid_core_dumps()
    saved = make(audience, _clock_ms()) if asked.new else find_or_make(audience, _clock_ms())
    shown = link_of(saved, settings, asked.from_now)
    if asked.link:
        output.say(shown.reveal())
        return
    piped = is_piped(text)
    settings = settings if json or piped else introduced(settings)
    options.run(audience_runs.talk(settings, saved, shown, asked.stage, audience_runs.Asked(seconds, json, piped)))


@options.command(app, *LISTEN)
def listen(
    settings: Settings,
    link: Annotated[
        str | None, typer.Argument(metavar="LINK", help="The audience's link, or - to be asked for it.")
    ] = None,
    link_file: Annotated[Path | None, typer.Option(help="File whose first line is the link.")] = None,
    seconds: options.Seconds = None,
    json: options.Summary = False,
    text: options.Text = None,
) -> None:
    """Hear, see and read a stage, as one of its audience. Nothing is sent."""
    from node.commands import audience_runs

    _refuse_sealing(settings)
    secret_input.forbid_core_dumps()
    known, remark = read_link(link, link_file)
    options.run(audience_runs.listen(settings, known, remark, audience_runs.Asked(seconds, json, is_piped(text))))


def link_of(saved: SavedAudience, settings: Settings, from_now: bool) -> AudienceLink:
    """Return the link to show. Raises UsageError for a broker that no link can name."""
    from node.links.address import BrokerAddress, without_password

    BrokerAddress.parse(settings.broker)
    try:
        return saved.link(without_password(settings.broker), epoch_of(_clock_ms()) if from_now else None)
    except ValueError as error:
        raise UsageError(f"the broker {without_password(settings.broker)!r} fits into no link: {error}") from None


def read_link(text: str | None, file: Path | None) -> tuple[AudienceLink, str]:
    """Return the link that was given, and a remark on how. Raises UsageError or NodeError, which repeat none of it."""
    if text is not None and file is not None:
        raise UsageError("give the link or --link-file, not both")
    remark = ""
    if file is not None:
        text = secret_input.read_line(file, f"the {WHAT}")
    elif text == PROMPT:
        text = secret_input.ask(WHAT)
    elif text is not None:
        remark = IN_THE_OPEN
    else:
        raise UsageError("which audience? Give its link, as the speaker's `pictophone talk` shows it")
    if is_link(text):
        raise UsageError("this is the link of a room, whose members are met by: pictophone call LINK")
    try:
        return AudienceLink.parse(text), remark
    except ValueError as error:
        raise UsageError(str(error)) from None


def _refuse_sealing(settings: Settings) -> None:
    """Refuse to record openly what the settings want sealed."""
    if settings.seal_recording and settings.record is not None:
        from node.recording.control import UNSEALED

        raise UsageError(UNSEALED)


def _clock_ms() -> int:
    return round(time.time() * 1000)


def _refuse_natural(settings: Settings) -> None:
    from node.speech.profiles import NATURAL

    if settings.profile == NATURAL.name:
        raise UsageError(f"no audience says how it decodes: take another profile than {NATURAL.name!r}")
