"""Commands of the user's that run at events (`--on-join`, `--on-message`, `--on-floor`).

They run beside the call, without a shell, a few at once and for a limited time. What they get is in their environment:
text of peers, made printable, and nothing secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Final

from node.call.observers import CallObserver, ChatLine
from node.common import child_process
from node.common.notes import NoteOnce
from node.common.printable import printable
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.call.node import Node
    from node.common.config import Settings
    from protocol.signalling import Hello

# A room of eight that gathers is seven events at once, of which each command takes well below a second. More at once
# would take processor time from speech.
MOST_AT_ONCE: Final = 4
# The last twenty lines that a newcomer gets, and some more; a peer that types faster than commands run loses them.
MOST_WAITING: Final = 32
# Seconds: enough for a message over a slow link; a command that hangs may keep one of four places for so long.
TIMEOUT_S: Final = 30.0

# No setting begins so: a pictophone that a command starts must not take the peer's name for its own.
PREFIX: Final = "PICTOPHONE_HOOK_"

JOIN, MESSAGE, FLOOR = "join", "message", "floor"


def parse(event: str, command: str) -> tuple[str, ...]:
    """Return the words of an event's command. Raises UsageError unless they begin with a program that is here."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--on-{event} {command!r} is no command ({error}): quote it as in a shell") from None
    if not words or shutil.which(words[0]) is None:
        raise UsageError(f"--on-{event} {command!r} names no program that is here: give its path")
    return tuple(words)


@contextlib.contextmanager
def running(settings: Settings, node: Node, room: str, note: Callable[[str], None]) -> Iterator[None]:
    """Run the commands of the settings, if any, at the node's events of the context; then end those that still run.

    `room` is its saved name, or the first part of its topics. Raises UsageError for a command that cannot be run, or
    that stands in a settings file: the one of the folder that a call is started from may be anybody's.
    """
    given = {JOIN: settings.on_join, MESSAGE: settings.on_message, FLOOR: settings.on_floor}
    commands = {event: parse(event, command) for event, command in given.items() if command is not None}
    for event in commands:
        if not settings.for_this_run(f"on_{event}"):
            raise UsageError(f"a settings file may not run commands: give --on-{event}, not on_{event} there")
    if not commands:
        yield
        return
    runner = HookRunner(note)
    hooks = Hooks(commands, room, runner.start, {node.id: node.name})
    node.observers.add(hooks)
    try:
        yield
    finally:
        node.observers.remove(hooks)
        runner.end()


@dataclass(frozen=True, slots=True)
class HookJob:
    """A command to be run because of an event, and what it gets by its environment."""

    event: str
    words: tuple[str, ...]
    variables: Mapping[str, str]


class Hooks(CallObserver):
    """Has `start` run a command for each peer that joins, each line that a peer typed, and each passing of the floor.

    `names` has our own name by node id, and learns those of the peers.
    """

    def __init__(
        self,
        commands: Mapping[str, tuple[str, ...]],
        room: str,
        start: Callable[[HookJob], None],
        names: dict[str, str],
    ) -> None:
        self._commands, self._room, self._start, self._names = commands, room, start, names
        self._present: set[str] = set()
        self._holder = ""

    def joined(self, peer: str, hello: Hello) -> None:
        """Run the command once until the peer leaves, whatever else its hellos say."""
        if peer not in self._present:
            self._present.add(peer)
            self._names[peer] = hello.name or peer
            self._run(JOIN, name=hello.name or peer, peer=peer)

    def left(self, peer: str) -> None:
        self._present.discard(peer)

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        """Run the command for a line that a peer typed."""
        if not line.mine and not line.spoken_s:
            self._run(MESSAGE, name=line.name, message=line.text)

    def floor_changed(self, holder: str) -> None:
        """Run the command for who has the floor now; without a name and peer for nobody."""
        if holder != self._holder:
            self._holder = holder
            self._run(FLOOR, name=self._names.get(holder, holder), peer=holder)

    def _run(self, event: str, **values: str) -> None:
        if event in self._commands:
            values |= {"event": event, "room": self._room}
            variables = {f"{PREFIX}{name.upper()}": printable(value) for name, value in values.items()}
            self._start(HookJob(event, self._commands[event], variables))


class HookRunner:
    """Runs commands in threads of its own, MOST_AT_ONCE at a time; those that find MOST_WAITING waiting are left out.

    `note` gets a line, once for each kind, in the event loop that was running at the start.
    """

    def __init__(self, note: Callable[[str], None], timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s, self._loop = timeout_s, asyncio.get_running_loop()
        self._note_once = NoteOnce(note)
        self._jobs: Queue[HookJob | None] = Queue(MOST_WAITING)
        self._threads: list[threading.Thread] = []
        self._lock, self._ended = threading.Lock(), False
        self._running: set[subprocess.Popen[bytes]] = set()

    def start(self, job: HookJob) -> None:
        """Run the command as soon as there is a place for it."""
        try:
            self._jobs.put_nowait(job)
        except Full:
            self._note_once(f"too many commands of --on-{job.event} wait: some are left out")
            return
        if len(self._threads) < MOST_AT_ONCE:
            self._threads.append(threading.Thread(target=self._work, name="hook", daemon=True))
            self._threads[-1].start()

    def end(self) -> None:
        """Run no more commands, and kill those that run, without waiting for them."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)
        with contextlib.suppress(Empty):
            while True:
                self._jobs.get_nowait()
        for _ in self._threads:
            self._jobs.put_nowait(None)

    def _work(self) -> None:
        """Run one command after the other, in a thread."""
        while (job := self._jobs.get()) is not None:
            try:
                self._run(job)
            except Exception as error:  # whatever keeps a command from running, the call goes on
                self._note(
                    f"--on-{job.event}: cannot run {job.words[0]!r}: {getattr(error, 'strerror', None) or error}"
                )

    def _run(self, job: HookJob) -> None:
        process = self._begin(job)
        if process is None:
            return
        try:
            code = process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.wait()
            code = None
        finally:
            with self._lock:
                self._running.discard(process)
        if code is None:
            self._note(f"--on-{job.event}: {job.words[0]!r} was ended after {self._timeout_s:g} s")
        elif code:
            self._note(f"--on-{job.event}: {job.words[0]!r} failed with exit code {code}")

    def _begin(self, job: HookJob) -> subprocess.Popen[bytes] | None:
        """Start the process, in a group of its own that no Ctrl-C reaches; None once all is over."""
        with self._lock:
            if self._ended:
                return None
            process = subprocess.Popen(
                job.words,
                env=_environment(job.variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                creationflags=child_process.WINDOWS_FLAGS,
            )
            self._running.add(process)
            return process

    def _note(self, text: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._note_unless_ended, text)

    def _note_unless_ended(self, text: str) -> None:
        if not self._ended:
            self._note_once(text)


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without its settings, the room's secret among them, and with these."""
    return child_process.without_settings() | dict(variables)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the command and what it started, as far as that stayed in its group."""
    if process.poll() is not None:
        return
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
