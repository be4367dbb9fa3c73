"""The worker's process: loads the picture models and does what it is asked, one request after the other.

Started by `Worker` as `python -m node.vision.model_server`, with requests on standard input and replies on standard
output. It runs at a low priority, lower still once the models are loaded, leaves Ctrl-C to its parent, and is gone the
moment its parent is.
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
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

from node.common.standard_streams import claim_stdout
from node.vision import import_stubs
from node.vision.ipc import (
    Caption,
    CaptionReply,
    Failed,
    Load,
    Message,
    Paint,
    PaintBetween,
    Ready,
    Reply,
    encode,
    image_of,
    painting_of,
    read,
)
from node.vision.types import Prompt
from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.vision.captioner import Captioner
    from node.vision.generator import Generator

LOADING_NICENESS = 5
"""A third of the weight of a normal process, and of another session's: speech gets a core at once, and the models are
loaded in good time beside a busy program. (Windows: set by the parent.)"""

PAINTING_NICENESS = 10
"""A tenth, once the models are loaded. Not the system's idle class: beside one busy process, on one core and in one
control group with it, 45 s of a call then had no picture, and 10 a side with this. The loop's lag was the same (5.0 ms
at p99, medians of six calls on one core): it is a wake-up's right of way that speech needs, and it has that anyway."""

AUTOGROUP = Path("/proc/self/autogroup")
THREADS = Path("/proc/self/task")

WARM_UP_SIDE = 256
WARM_UP_TEXT = "a cat sitting on top of a wooden bench"


class ModelServer:
    """The models of this process. `stand_back` is called when the last of them is loaded."""

    def __init__(self, stand_back: Callable[[], None] = lambda: None) -> None:
        self._stand_back = stand_back
        self._captioner: Captioner | None = None
        self._generator: Generator | None = None

    def serve(self, request: Message) -> Reply:
        """Do what is asked. Whatever a model raises becomes Failed: the next request may well succeed."""
        try:
            return self._do(request)
        except NodeError as error:
            return Failed(str(error))
        except Exception as error:
            return Failed(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")

    def _do(self, request: Message) -> Reply:
        match request:
            case Load("captioner", model):
                with _loading(request.last, self._stand_back):
                    return self._load_captioner(model)
            case Load("generator", model):
                with _loading(request.last, self._stand_back):
                    return self._load_generator(model)
            case Caption() if self._captioner is not None:
                return CaptionReply(self._captioner.caption(image_of(request)))
            case Paint(text, seed, look) if self._generator is not None:
                return painting_of(self._generator.paint(text, seed, look))
            case PaintBetween(before, after, share) if self._generator is not None:
                return painting_of(self._generator.paint_between(Prompt(*before), Prompt(*after), share))
        return Failed(f"nothing loaded for {type(request).__name__}")

    def _load_captioner(self, model: str) -> Ready:
        from node.vision.captioner import Captioner

        captioner = Captioner(model)
        captioner.caption(Image.new("RGB", (WARM_UP_SIDE, WARM_UP_SIDE), "gray"))
        self._captioner = captioner
        return Ready()

    def _load_generator(self, model: str) -> Ready:
        from node.vision.generator import Generator

        generator = Generator(model)
        generator.paint(WARM_UP_TEXT, 0)
        self._generator = generator
        return Ready()


@contextmanager
def _loading(last: bool, stand_back: Callable[[], None]) -> Iterator[None]:
    """No garbage collection while models load: what they make stays, and looking through it costs a fifth of the time
    (measured: importing the libraries takes 4.1 s instead of 5.1 s). After the last one pictures give way to all else.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
    if last:
        stand_back()


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _give_way()
    replies = claim_stdout()
    requests: SimpleQueue[Message] = SimpleQueue()
    threading.Thread(target=_take_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    import_stubs.install()
    studio = ModelServer(_stand_back)
    while True:
        replies.write(_encoded(studio.serve(requests.get())))
        replies.flush()


def _encoded(reply: Reply) -> bytes:
    """The reply, or why it cannot be sent: the next one may well be."""
    try:
        return encode(reply)
    except Exception as error:
        return encode(Failed(f"{type(error).__name__}: its {type(reply).__name__} cannot be sent"))


def _give_way() -> None:
    """Lower this process's priority, and its session's: Linux shares the cores between sessions first (autogroups), and
    a process that is alone in its own would get half of them however nice it is."""
    if hasattr(os, "nice"):
        os.nice(LOADING_NICENESS)
    _weigh_session(LOADING_NICENESS)


def _stand_back() -> None:
    """Lower it further. Linux counts niceness by thread, and the libraries have made theirs by now."""
    more = PAINTING_NICENESS - LOADING_NICENESS
    if THREADS.is_dir():
        for thread in (int(folder.name) for folder in THREADS.iterdir()):
            with suppress(OSError):  # it has ended
                os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + more)
    elif hasattr(os, "nice"):
        os.nice(more)
    _weigh_session(PAINTING_NICENESS)


def _weigh_session(niceness: int) -> None:
    with suppress(OSError):
        AUTOGROUP.write_text(str(niceness))


def _take_requests(stream: BinaryIO, requests: SimpleQueue[Message]) -> None:
    """Queue requests; end the process when the parent is gone, even in the midst of a picture."""
    while True:
        try:
            requests.put(read(stream))
        except (EOFError, OSError):
            os._exit(0)
        except Exception as error:  # out of step with the parent, for ever: it starts another
            sys.stderr.write(f"a request that is none ({type(error).__name__})\n")
            sys.stderr.flush()
            os._exit(1)


if __name__ == "__main__":
    main()
