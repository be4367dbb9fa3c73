"""Lines that a person types while a call runs: how speech is sent, and recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from node.speech import profile_options
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.call.node import Node
    from node.recording.control import RecordingControl

HELP = "type /profile NAME [OPTION=VALUE ...] to change how speech is sent, /record FILE and /stop to record"


def run_command(node: Node, recording: RecordingControl, line: str, note: Callable[[str], None]) -> None:
    """Does what a line says; notes what is wrong with it."""
    command, _, rest = line.strip().partition(" ")
    match command:
        case "":
            return
        case "/record":
            recording.start(Path(rest.strip()) if rest.strip() else None)
        case "/stop":
            recording.stop()
        case _:
            _change_speech(node, line, note)


def _change_speech(node: Node, line: str, note: Callable[[str], None]) -> None:
    if profile_options.is_auto_command(line):
        node.follow_the_link()
        return
    try:
        profile = profile_options.parse_profile_command(line)
    except UsageError as error:
        note(str(error))
        return
    if profile is None:
        note(HELP)
    else:
        node.change(profile)
