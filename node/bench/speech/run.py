"""The command `speech sweep`: measures every setting that can be, and shows what came out."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from node.bench.speech import article, codecs, grid, measures, plot, report, tables
from node.bench.speech.recording import read
from node.bench.speech.results import Result, combine
from node.bench.speech.runner import Measured, Task, measure_all
from node.bench.speech.settings import TITLES, Codec, Setting
from node.bench.speech.sweep import Sweep, SweepOptions, for_programs
from node.common import progress
from node.common.output import remark, say
from node.speech import listen
from node.speech import lyra_model as lyra_models
from node.terminal.summary import as_json
from protocol.errors import NodeError, UsageError

CHOICES = {codec.value: TITLES[codec] for codec in Codec if codec is not Codec.FFMPEG}
"""What `--codec` may name: the article's Opus is Opus."""


def run(
    asked: SweepOptions, output: Path | None, json: bool, only: Sequence[str] = (), workers: int | None = None
) -> None:
    """Sweep, print, and write the page.

    UsageError for a codec that there is not; NodeError for a recording that cannot be read, for Lyra's files that
    are not there, or for a page that cannot be written: all of them before anything is measured.
    """
    settings, left_out = _choose(asked, only)
    for path in asked.recordings:
        read(path)
    if output is not None:
        _check_writable(output)
    left_out += [*measures.missing(asked.visqol), *filter(None, [plot.missing() if output is not None else ""])]
    sweep = _swept(asked, settings, left_out, output is not None, workers or os.cpu_count() or 1)
    if output is not None:
        _write(output, report.page(sweep))
    if json:
        say(as_json(for_programs(sweep)))
    else:
        _show(sweep)
    for line in sweep.left_out:
        remark(line)


def _choose(asked: SweepOptions, only: Sequence[str]) -> tuple[list[Setting], list[str]]:
    """The settings that can be measured here, and a line for each codec that cannot."""
    unknown = [name for name in only if name not in CHOICES]
    if unknown:
        raise UsageError(f"there is no codec {unknown[0]!r}; there are: {', '.join(CHOICES)}")
    if asked.lyra is not None:
        lyra_models.check(asked.lyra)
    wanted = list(article.grid() if asked.article else grid.grid())
    wanted = [setting for setting in wanted if not only or TITLES[setting.codec] in {CHOICES[name] for name in only}]
    here = [setting for setting in wanted if codecs.has(setting, asked.lyra)]
    if not here:
        raise NodeError("nothing to measure: none of these codecs is here")
    return here, list(codecs.why_not([setting for setting in wanted if setting not in here]))


def _swept(
    asked: SweepOptions, settings: Sequence[Setting], left_out: list[str], with_sound: bool, workers: int
) -> Sweep:
    tasks = [
        Task(setting, path, asked.loss, asked.lyra, asked.visqol, keep_sound=with_sound and path == asked.recordings[0])
        for setting in settings
        for path in asked.recordings
    ]
    began = time.monotonic()
    with progress.bars() as bars:
        bar = bars.add_task("settings", total=len(tasks))
        measured = measure_all(tasks, min(workers, len(tasks)), lambda: bars.advance(bar))
    results, failures = _combined(settings, measured, len(asked.recordings))
    if not results:
        raise NodeError(f"nothing could be measured: {failures[0]}")
    return Sweep(
        asked,
        sorted(results, key=lambda result: result.wire_kbps),
        article.claims(results) if asked.article else (),
        [*left_out, *failures],
        time.monotonic() - began,
        listen.ogg(read(asked.recordings[0])) if with_sound else b"",
    )


def _combined(
    settings: Sequence[Setting], measured: Sequence[Measured], recordings: int
) -> tuple[list[Result], list[str]]:
    results, failures = [], []
    for index, setting in enumerate(settings):
        own = measured[index * recordings : (index + 1) * recordings]
        errors = [each.error for each in own if each.error]
        if errors:
            failures.append(f"left out {setting.label}: {errors[0]}")
        else:
            results.append(combine(setting, own))
    return results, failures


def _show(sweep: Sweep) -> None:
    asked = sweep.asked
    names = ", ".join(path.name for path in asked.recordings)
    say(f"{names}: {len(sweep.results)} settings in {sweep.seconds:.0f} s")
    everything = asked.article or not sweep.judged
    shown = sweep.results if everything else sweep.front
    tables.show("all settings:" if everything else "the Pareto front:", shown, sweep.knee)
    say(tables.footnote(asked.loss))
    if asked.article:
        lines = tables.verdicts(sweep.claims)
    elif not sweep.judged:
        lines = ["none of them is recommended, since none was judged"]
    else:
        lines = tables.advice(sweep.recommended, sweep.lines, asked.limits)
    say(*lines)


def _check_writable(output: Path) -> None:
    """NodeError before half a minute of measuring is for nothing."""
    if not output.parent.is_dir():
        raise NodeError(f"no folder {str(output.parent)!r} to write {output.name!r} to; make it first")
    if output.is_dir():
        raise NodeError(f"{str(output)!r} is a folder: give the name of a page, like sweep.html")


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NodeError(f"cannot write the page {str(output)!r}: {error.strerror or error}") from None
