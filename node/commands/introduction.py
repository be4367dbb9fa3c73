"""The question who the camera sees: asked once, on a terminal, before the first call with a webcam."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from node.common import config
from node.common.output import ask, remark
from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.common.config import Settings

QUESTION = 'Who does the camera see, as in "a man with short grey hair and a beard"? (Enter: not said)'


def introduced(settings: Settings) -> Settings:
    """Return the settings with who the camera sees, once asked and kept if nothing was said of it.

    Only people on a terminal are asked, and only of a webcam. An answer of nothing is kept as well, so that the
    question does not come again.
    """
    if settings.me is not None or not is_webcam(settings.camera) or not _on_terminal():
        return settings
    me = ask(QUESTION)
    try:
        remark(f"kept in {str(config.keep('me', me))!r}: --me says otherwise for one call")
    except NodeError as error:
        remark(error)
    return settings.model_copy(update={"me": me})


def is_webcam(camera: str | None) -> bool:
    """Return whether the camera of this name is a device."""
    return camera is not None and (camera.partition(":")[0] == "webcam" or camera.startswith("/dev/"))


def _on_terminal() -> bool:
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)
