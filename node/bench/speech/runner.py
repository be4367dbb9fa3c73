"""One setting on one recording, and many of them side by side."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.bench.speech import codecs, measures, wire_rates
from node.bench.speech.measures import Scores
from node.bench.speech.recording import read
from node.bench.speech.settings import Setting
from node.bench.speech.streams import losses
from node.common import signals
from node.speech import listen
from node.speech.pcm import SAMPLE_RATE
from protocol.errors import NodeError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

NOT_JUDGED = Scores()


@dataclass(frozen=True, slots=True)
class Task:
    """A setting to be tried on a recording, with so many percent of the packets lost."""

    setting: Setting
    recording: Path
    loss: float = 0.0
    lyra: Path | None = None
    visqol: bool = False
    keep_sound: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a task. `sound` is a short Ogg file of what was heard, if asked for; `error` why it failed."""

    payload_kbps: float = 0.0
    wire_kbps: float = 0.0
    scores: Scores = NOT_JUDGED
    sound: bytes = b""
    error: str = ""


def measure(task: Task) -> Measured:
    """Code, lose, decode and judge. Never raises: what cannot be done is told in `error`."""
    try:
        return _measured(task)
    except NodeError as error:
        return Measured(error=str(error))
    except Exception as error:  # of whatever library: the other settings go on
        return Measured(error=repr(error))


def _measured(task: Task) -> Measured:
    setting = task.setting
    stream = codecs.code(setting, task.recording, task.lyra)
    heard = stream.heard(losses(len(stream.packets), task.loss))
    reference = read(task.recording)
    wide = measures.resampled(heard, stream.rate, SAMPLE_RATE)
    return Measured(
        wire_rates.payload_kbps(stream.packets, setting.packet_ms),
        wire_rates.wire_kbps(stream.packets, setting.packet_ms),
        measures.scores(reference, wide, task.visqol),
        listen.ogg(measures.align(reference, wide)) if task.keep_sound else b"",
    )


def measure_all(tasks: Sequence[Task], workers: int, done: Callable[[], object]) -> list[Measured]:
    """Measure all tasks on so many processes (one: in this one), in their order; `done` is called after each."""
    if workers == 1:
        return list(_one_by_one(tasks, done))
    with _single_threaded(), _pool(workers) as pool:
        futures = [pool.submit(measure, task) for task in tasks]
        try:
            for _ in as_completed(futures):
                done()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _pool(workers: int) -> ProcessPoolExecutor:
    """Processes that a signal to the whole terminal leaves to us: what they have begun they finish, and no more."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=signals.leave_to_parent)


def _one_by_one(tasks: Sequence[Task], done: Callable[[], object]) -> Iterator[Measured]:
    for task in tasks:
        yield measure(task)
        done()


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes started meanwhile compute on one thread each: there is one for every core already."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
