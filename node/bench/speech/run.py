"""The command `speech sweep`: measures every setting that can be, and shows what came out."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from node.bench.speech import article, codecs, measures, plot, sweep_report, tables
from node.bench.speech.results import SettingResult, combine
from node.bench.speech.runner import SweepTask, TaskOutcome, measure_all
from node.bench.speech.settings import TITLES, Setting, SpeechCodec, grid
from node.bench.speech.streams import excerpt, read
from node.bench.speech.sweep import Sweep, SweepOptions, for_programs
from node.common import progress
from node.common.files import check_writable, write_text, wrote
from node.common.output import remark, say
from node.speech import lyra_model as lyra_models
from node.terminal.summary import as_json
from protocol.errors import NodeError, UsageError

# What `--codec` may name: the article's Opus is Opus.
CHOICES = {codec.value: TITLES[codec] for codec in SpeechCodec if codec is not SpeechCodec.FFMPEG}


def run(
    options: SweepOptions, output: Path | None, json: bool, only: Sequence[str] = (), workers: int | None = None
) -> None:
    """Sweep, print, and write the page.

    UsageError for a codec that there is not; NodeError for a recording that cannot be read, for Lyra's files that
    are not there, or for a page that cannot be written: all of them before anything is measured.
    """
    settings, left_out = _choose(options, only)
    for path in options.recordings:
        read(path)
    if output is not None:
        check_writable(output, "page", "sweep.html")
    left_out += [
        *measures.missing(options.visqol, options.mos),
        *filter(None, [plot.missing() if output is not None else ""]),
    ]
    sweep = _swept(options, settings, left_out, output is not None, workers or os.cpu_count() or 1)
    if output is not None:
        write_text(output, sweep_report.page(sweep), "page")
    if json:
        say(as_json(for_programs(sweep)))
    else:
        _show(sweep)
    for line in sweep.left_out:
        remark(line)
    if output is not None:
        remark(wrote(output))


def _choose(options: SweepOptions, only: Sequence[str]) -> tuple[list[Setting], list[str]]:
    """Return the settings that can be measured here, and a line for each codec that cannot."""
    unknown = [name for name in only if name not in CHOICES]
    if unknown:
        raise UsageError(f"there is no codec {unknown[0]!r}; there are: {', '.join(CHOICES)}")
    if options.lyra is not None:
        lyra_models.check(options.lyra)
    wanted = list(article.grid() if options.article else grid())
    wanted = [setting for setting in wanted if not only or TITLES[setting.codec] in {CHOICES[name] for name in only}]
    here = [setting for setting in wanted if codecs.has(setting, options.lyra, options.libopus)]
    if not here:
        raise NodeError("nothing to measure: none of these codecs is here")
    return here, list(codecs.why_not([setting for setting in wanted if setting not in here]))


def _swept(
    options: SweepOptions, settings: Sequence[Setting], left_out: list[str], with_sound: bool, workers: int
) -> Sweep:
    tasks = [
        SweepTask(
            setting,
            path,
            options.loss,
            options.lyra,
            options.visqol,
            options.mos,
            options.libopus,
            keep_sound=with_sound and path == options.recordings[0],
        )
        for setting in settings
        for path in options.recordings
    ]
    began = time.monotonic()
    with progress.bars() as bars:
        bar = bars.add_task("settings", total=len(tasks))
        measured = measure_all(tasks, min(workers, len(tasks)), lambda: bars.advance(bar))
    results, failures = _combined(settings, measured, len(options.recordings))
    if not results:
        raise NodeError(f"nothing could be measured: {failures[0]}")
    return Sweep(
        options,
        sorted(results, key=lambda result: result.wire_kbps),
        article.claims(results) if options.article else (),
        [*left_out, *failures],
        time.monotonic() - began,
        excerpt(read(options.recordings[0])) if with_sound else b"",
    )


def _combined(
    settings: Sequence[Setting], measured: Sequence[TaskOutcome], recordings: int
) -> tuple[list[SettingResult], list[str]]:
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
    options = sweep.options
    names = ", ".join(path.name for path in options.recordings)
    say(f"{names}: {len(sweep.results)} settings in {sweep.seconds:.0f} s")
    everything = options.article or not sweep.judged
    shown = sweep.results if everything else sweep.front
    tables.show("all settings:" if everything else "the Pareto front:", shown, sweep.knee)
    say(tables.footnote(options.loss))
    if options.article:
        lines = tables.verdicts(sweep.claims)
    elif not sweep.judged:
        lines = ["none of them is recommended, since none was judged"]
    else:
        lines = tables.advice(sweep.recommended, sweep.lines, options.limits)
    say(*lines)
