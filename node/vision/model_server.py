"""The model process: loads the picture models and executes requests, one after the other.

Started by `start_process` as `python -m node.vision.model_server`, with requests on standard input and replies on
standard output. It runs at a low priority, lower still once the models are loaded, leaves Ctrl-C to its parent, and
ends as soon as its parent does.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from PIL import Image

from node.common.child_process import claim_stdout
from node.vision import import_stubs
from node.vision.generator import Generator
from node.vision.ipc import (
    CaptionImage,
    Failed,
    LoadModel,
    Message,
    PaintBetween,
    PaintImage,
    Ready,
    Reply,
    encode_message,
    image_of,
    image_reply,
    read_message,
)
from node.vision.people.describers import Describer, load_captioner
from node.vision.presets import recipe
from node.vision.scene_painter import Painter, ScenePainter
from node.vision.types import Prompt
from protocol.errors import NodeError

# A third of the weight of a normal process, and of another session's: speech gets a core at once, and the models are
# loaded in good time beside a busy program. (Windows: set by the parent.)
LOADING_NICENESS = 5

# A tenth, once the models are loaded. Not the system's idle class: beside one busy process, on one core and in one
# control group with it, 45 s of a call then had no picture, and 10 a side with this. The loop's lag was the same (5.0
# ms at p99, medians of six calls on one core): speech needs precedence when it wakes up, and has that with either.
PAINTING_NICENESS = 10

AUTOGROUP = Path("/proc/self/autogroup")
THREADS = Path("/proc/self/task")

WARM_UP_SIDE = 256
WARM_UP_TEXT = "a cat sitting on top of a wooden bench"


class ModelServer:
    """The models of this process. `loaded` is called when the last of them is loaded."""

    def __init__(self, loaded: Callable[[], None] = lambda: None) -> None:
        self._loaded = loaded
        self._captioner: Describer | None = None
        self._generator: Painter | None = None

    def serve(self, request: Message) -> Reply:
        """Execute a request. Any error of a model becomes Failed: the next request may well succeed."""
        try:
            return self._execute(request)
        except NodeError as error:
            return Failed(str(error))
        except Exception as error:
            return Failed(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")

    def _execute(self, request: Message) -> Reply:
        match request:
            case LoadModel("captioner", model):
                with _loading(request.last, self._loaded):
                    return self._load_captioner(model)
            case LoadModel("generator", model):
                with _loading(request.last, self._loaded):
                    return self._load_generator(model)
            case CaptionImage() if self._captioner is not None:
                return self._captioner.describe(image_of(request), request.painted)
            case PaintImage(text, seed, look) if self._generator is not None:
                return image_reply(self._generator.paint(text, seed, look))
            case PaintBetween(before, after, share) if self._generator is not None:
                return image_reply(self._generator.paint_between(Prompt(*before), Prompt(*after), share))
        return Failed(f"nothing loaded for {type(request).__name__}")

    def _load_captioner(self, model: str) -> Ready:
        captioner = load_captioner(model)
        captioner.describe(_drawing())
        self._captioner = captioner
        return Ready()

    def _load_generator(self, model: str) -> Ready:
        generator = Generator(model)
        generator.paint(WARM_UP_TEXT, 0)
        self._generator = generator if recipe(model).grammar is None else ScenePainter(generator)
        return Ready()


def _drawing() -> Image.Image:
    """Return the simplest drawing: one surface alone is no picture of anything, and would warm up nothing."""
    image = Image.new("RGB", (WARM_UP_SIDE, WARM_UP_SIDE), "gray")
    image.paste("white", (0, 0, WARM_UP_SIDE // 2, WARM_UP_SIDE))
    return image


@contextmanager
def _loading(last: bool, loaded: Callable[[], None]) -> Iterator[None]:
    """Disable garbage collection while a model loads, and report the last one.

    What loading allocates stays, and collection costs a fifth of the time (measured: importing the libraries takes 4.1
    s instead of 5.1 s).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
    if last:
        loaded()


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lower_priority()
    replies = claim_stdout()
    requests: SimpleQueue[Message] = SimpleQueue()
    threading.Thread(target=_queue_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    import_stubs.install()
    server = ModelServer(lower_priority_further)
    while True:
        replies.write(encode_reply(server.serve(requests.get())))
        replies.flush()


def encode_reply(reply: Reply) -> bytes:
    """Encode a reply, or why it cannot be encoded: the next one may well be."""
    try:
        return encode_message(reply)
    except Exception as error:
        return encode_message(Failed(f"{type(error).__name__}: its {type(reply).__name__} cannot be sent"))


def lower_priority() -> None:
    """Lower the priority of this process and of its session.

    Linux shares the cores between sessions first (autogroups), and a process that is alone in its own would get half of
    them however nice it is.
    """
    if hasattr(os, "nice"):
        os.nice(LOADING_NICENESS)
    _set_session_niceness(LOADING_NICENESS)


def lower_priority_further() -> None:
    """Lower the priority further, once models are loaded.

    Linux counts niceness by thread, and the libraries have started theirs by then.
    """
    more = PAINTING_NICENESS - LOADING_NICENESS
    if THREADS.is_dir():
        for thread in (int(folder.name) for folder in THREADS.iterdir()):
            with suppress(OSError):  # it has ended
                os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + more)
    elif hasattr(os, "nice"):
        os.nice(more)
    _set_session_niceness(PAINTING_NICENESS)


def _set_session_niceness(niceness: int) -> None:
    with suppress(OSError):
        AUTOGROUP.write_text(str(niceness))


def _queue_requests(stream: BinaryIO, requests: SimpleQueue[Message]) -> None:
    """Queue requests; end the process as soon as the parent is gone, even while it paints."""
    while True:
        try:
            requests.put(read_message(stream))
        except (EOFError, OSError):
            os._exit(0)
        except Exception as error:  # out of step with the parent, which starts another
            sys.stderr.write(f"a request that is none ({type(error).__name__})\n")
            sys.stderr.flush()
            os._exit(1)


if __name__ == "__main__":
    main()
