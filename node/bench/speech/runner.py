"""The measurement of a setting on a recording, and of many in processes side by side."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.bench.speech import codecs, measures
from node.bench.speech.measures import SpeechScores
from node.bench.speech.settings import Setting
from node.bench.speech.streams import excerpt, losses, read
from node.common import signals
from node.speech import rates
from node.speech.opus_libraries import AUTO
from node.speech.pcm import SAMPLE_RATE
from protocol.errors import NodeError

# What numerical libraries read their number of threads from.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

NOT_JUDGED = SpeechScores()


@dataclass(frozen=True, slots=True)
class SweepTask:
    """A setting to be tried on a recording, with so many percent of the packets lost."""

    setting: Setting
    recording: Path
    loss: float = 0.0
    lyra: Path | None = None
    visqol: bool = False
    mos: bool = False
    libopus: str = AUTO
    keep_sound: bool = False


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """The outcome of a task. `sound` is a short Ogg file of what was decoded, if wanted; `error` why it failed."""

    payload_kbps: float = 0.0
    wire_kbps: float = 0.0
    scores: SpeechScores = NOT_JUDGED
    sound: bytes = b""
    error: str = ""


def measure(task: SweepTask) -> TaskOutcome:
    """Code, lose, decode and judge. Never raises: why something cannot be done is in `error`."""
    try:
        return _measured(task)
    except NodeError as error:
        return TaskOutcome(error=str(error))
    except Exception as error:  # of whatever library: the other settings go on
        return TaskOutcome(error=repr(error))


def _measured(task: SweepTask) -> TaskOutcome:
    setting = task.setting
    stream = codecs.code(setting, task.recording, task.lyra, task.libopus)
    decoded = stream.decode(losses(len(stream.packets), task.loss))
    reference = read(task.recording)
    wide = measures.resampled(decoded, stream.rate, SAMPLE_RATE)
    return TaskOutcome(
        rates.measured_payload_kbps(stream.packets, setting.packet_ms),
        rates.measured_wire_kbps(stream.packets, setting.packet_ms),
        measures.scores(reference, wide, task.visqol, task.mos),
        excerpt(measures.align(reference, wide)) if task.keep_sound else b"",
    )


def measure_all(tasks: Sequence[SweepTask], workers: int, done: Callable[[], object]) -> list[TaskOutcome]:
    """Measure all tasks in so many processes (1 is this one) and return them in order; call `done` after each."""
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
    """Return processes that leave a signal to the terminal to their parent: they finish what they have begun."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=signals.leave_to_parent)


def _one_by_one(tasks: Sequence[SweepTask], done: Callable[[], object]) -> Iterator[TaskOutcome]:
    for task in tasks:
        yield measure(task)
        done()


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Have processes started meanwhile compute on one thread each: there is one for every core already."""
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
