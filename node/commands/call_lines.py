"""What is typed while a call runs: lines for the others, commands after a slash, and single letters."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from node.call.chat import checked_line
from node.common.output import remark
from node.common.tasks import Runnable
from node.terminal import keyboard
from node.terminal.conversation import ALONE, Conversation, LinePipe
from node.terminal.line_source import LineSource
from node.terminal.talk_key import TalkKey
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.call.build import Role
    from node.call.floor_control import FloorControl
    from node.call.node import Node
    from node.links.mqtt import MqttLink
    from node.recording.control import RecordingControl
    from node.terminal.status import CallDisplay

MUTE_KEY, RECORD_KEY, QUIT_KEY, TALK_KEY = "m", "r", "q", " "

# The value of --text: standard input and output.
PIPE = "-"

LINE_HELP = (
    "what you type goes to everyone, a line at a time; /mute, /record [FILE] and /stop, "
    "/profile NAME [OPTION=VALUE ...] for how speech is sent, /quit"
)

TALK_COMMAND = "/talk"
TALK_HELP = (
    f"nobody hears you until you have the floor: space asks for it and gives it back, and so does {TALK_COMMAND}"
)

NO_TALK = (
    "nobody hears you: without a terminal nothing here can ask for the floor; "
    f"give --page and ask there, or --text - and write {TALK_COMMAND}"
)


def is_piped(text: str | None) -> bool:
    """Return whether `--text` makes standard input and output the chat. Raises UsageError for any other value."""
    if text not in {None, PIPE}:
        raise UsageError(f"--text {text!r} is not known: give --text -, for standard input and output")
    return text == PIPE


@contextmanager
def conversing(
    node: Node,
    recording: RecordingControl,
    display: CallDisplay,
    note: Callable[[str], None],
    role: Role,
    piped: bool,
    alone: str = ALONE,
    by_page: bool = False,
) -> Iterator[tuple[list[Runnable], Callable[[], None]]]:
    """Show the chat and take what is typed, for the length of the context; `piped`, by standard input and output.

    `by_page` says that a page can ask for the floor, too.

    Yields what has to run beside the node, and what has to be called now and then.
    """
    conversation = Conversation(display.say, alone=alone)
    node.observers.add(conversation)

    def refresh() -> None:
        conversation.refresh()
        display.refresh()

    if piped:
        if role.receives:
            node.observers.add(LinePipe())
        commands = {} if node.floor is None else {TALK_COMMAND: node.floor.toggle}
        yield [LineSource(node.chat, note, commands=commands)] if role.sends else [], refresh
        return
    actions = {MUTE_KEY: node.toggle_mute, RECORD_KEY: recording.toggle, QUIT_KEY: quit_call}
    if node.floor is not None:
        actions[TALK_KEY] = _talk_key(node.floor).press
    with keyboard.listening(actions, lambda line: run_line(node, recording, line, note), display.typing) as typing:
        if typing:
            mute = f"{MUTE_KEY} mutes you, " if role.sends else ""
            talk = "" if node.floor is None else f"{TALK_HELP}; "
            note(f"{talk}{mute}{RECORD_KEY} records, {QUIT_KEY} ends the call; {LINE_HELP}")
        elif node.floor is not None and not by_page:
            note(NO_TALK)
        yield [], refresh


def was_reached(link: MqttLink, seconds: float | None) -> bool:
    """Say so if the broker of a call that ended never served; return whether that is no failure of the command.

    A call that its user ended, as one without `seconds` is, has not failed.
    """
    if link.attempts.has_served:
        return True
    remark(f"the broker {link.address} was never reached, so that nobody was met: check --broker, or give it longer")
    return seconds is None


def _talk_key(floor: FloorControl) -> TalkKey:
    return TalkKey(floor.ask, floor.release, lambda: floor.holds or floor.asks, asyncio.get_running_loop())


def quit_call() -> None:
    """End the call, as Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)


def run_line(node: Node, recording: RecordingControl, line: str, note: Callable[[str], None]) -> bool:
    """Send a line that was typed during a call, or run the command in it; return whether it is done with.

    Notes what is wrong with it: a line that is too long stays to be shortened.
    """
    line = line.strip()
    if line.startswith("/"):
        _run_command(node, recording, line, note)
    elif line:
        try:
            checked_line(line)
        except UsageError as error:
            note(str(error))
            return False
        node.chat.say_soon(line)
    return True


def _run_command(node: Node, recording: RecordingControl, line: str, note: Callable[[str], None]) -> None:
    command, _, rest = line.partition(" ")
    match command:
        case "/record":
            recording.start(Path(rest.strip()) if rest.strip() else None)
        case "/stop":
            recording.stop()
        case "/mute":
            node.toggle_mute()
        case "/talk" if node.floor is not None:
            node.floor.toggle()
        case "/talk":
            note("everybody may speak here at any time: /talk is for calls with --push-to-talk")
        case "/quit":
            quit_call()
        case "/help":
            note(_help(node))
        case "/profile":
            _change_profile(node, line, note)
        case _:
            note(f"there is no {command}: {_help(node)}")


def _help(node: Node) -> str:
    return LINE_HELP if node.floor is None else f"{TALK_HELP}; {LINE_HELP}"


def _change_profile(node: Node, line: str, note: Callable[[str], None]) -> None:
    from node.speech import profile_options

    if profile_options.is_auto_command(line):
        node.follow_the_link()
        return
    try:
        profile = profile_options.parse_profile_command(line)
    except UsageError as error:
        note(str(error))
        return
    if profile is None:
        note(_help(node))
    else:
        node.change(profile)
