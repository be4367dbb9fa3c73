"""The measurement of a caption codec: what it makes of many captions, and whether each comes back. `codec bench`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from node.common import progress
from node.common.output import say
from node.terminal.summary import as_json, percentile
from protocol.captions.registry import CaptionCodecs, Coded
from protocol.errors import CaptionError, NodeError, UsageError


class Figures(TypedDict):
    """The means, medians and 95th percentiles over the lines. `bits` and `ideal_bits` are those of `registry.Coded`."""

    codec: int
    lines: int
    lossless: bool
    lost_lines: int
    bits_mean: float
    bits_median: float
    bits_p95: float
    ideal_bits_mean: float
    bytes_mean: float
    bytes_median: float
    bytes_p95: float
    encode_ms_mean: float
    decode_ms_mean: float


@dataclass(frozen=True, slots=True)
class CodedLine:
    """A line encoded and decoded; `intact` is whether it came back as it was."""

    coded: Coded
    intact: bool
    encode_ms: float
    decode_ms: float


def chosen_codec(codecs: CaptionCodecs, codec: int | None) -> int:
    """Return the number of a codec, by default the newest lossless one. Raises UsageError for an unknown one."""
    if codec is None:
        return codecs.newest()
    if codec not in codecs.ids:
        known = ", ".join(f"{number} ({codecs.name(number)})" for number in codecs.ids)
        raise UsageError(f"no caption codec {codec}: give one of {known}")
    return codec


def read_lines(path: Path) -> list[str]:
    """Read a file's lines without their ends, and with everything else that is in them.

    Raises NodeError if it cannot be read, is no UTF-8, or has no line.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise NodeError(f"no file {str(path)!r}: check the path") from None
    except UnicodeDecodeError as error:
        raise NodeError(f"the file {str(path)!r} is no UTF-8 text (byte {error.start}): convert it first") from None
    except OSError as error:
        raise NodeError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    if not text:
        raise NodeError(f"the file {str(path)!r} is empty: give one with a caption on each line")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def run(codecs: CaptionCodecs, path: Path, codec: int | None, context: bool, json: bool) -> bool:
    """Measure a file, print the figures, and return whether every line came back. Raises NodeError, UsageError."""
    number = chosen_codec(codecs, codec)
    lines = read_lines(path)
    with progress.bars() as bars:
        bar = bars.add_task("lines", total=len(lines))
        figures = bench(codecs, lines, number, context, lambda: bars.advance(bar))
    say(*([as_json(figures)] if json else for_people(codecs, figures)))
    return figures["lossless"]


def bench(
    codecs: CaptionCodecs, lines: Sequence[str], codec: int, context: bool, tick: Callable[[], None] = lambda: None
) -> Figures:
    """Code each line alone, or with `context` against the line before it; call `tick` after each."""
    codecs.decode(codec, codecs.encode("", codec).data)  # the first one reads the codebook, which is no line's cost
    measured = []
    earlier: str | None = None
    for line in lines:
        measured.append(_measure(codecs, line, codec, earlier))
        earlier = line if context else None
        tick()
    return _summed(codec, measured)


def _measure(codecs: CaptionCodecs, line: str, codec: int, earlier: str | None) -> CodedLine:
    began = time.perf_counter()
    coded = codecs.encode(line, codec, earlier)
    between = time.perf_counter()
    try:
        back = codecs.decode(codec, coded.data, earlier)
    except CaptionError:
        back = None
    ended = time.perf_counter()
    return CodedLine(coded, back == line, (between - began) * 1000, (ended - between) * 1000)


def _summed(codec: int, measured: Sequence[CodedLine]) -> Figures:
    bits = [one.coded.bits for one in measured]
    sizes = [len(one.coded.data) for one in measured]
    lost = sum(not one.intact for one in measured)
    return {
        "codec": codec,
        "lines": len(measured),
        "lossless": lost == 0,
        "lost_lines": lost,
        "bits_mean": _mean(bits),
        "bits_median": float(statistics.median(bits)),
        "bits_p95": round(percentile(bits, 95) or 0.0, 3),
        "ideal_bits_mean": _mean(one.coded.ideal_bits for one in measured),
        "bytes_mean": _mean(sizes),
        "bytes_median": float(statistics.median(sizes)),
        "bytes_p95": round(percentile(sizes, 95) or 0.0, 3),
        "encode_ms_mean": _mean(one.encode_ms for one in measured),
        "decode_ms_mean": _mean(one.decode_ms for one in measured),
    }


def _mean(values: Iterable[float]) -> float:
    return round(statistics.fmean(values), 3)


def for_people(codecs: CaptionCodecs, figures: Figures) -> list[str]:
    """Return the figures as lines of text."""
    codec, lost = figures["codec"], figures["lost_lines"]
    outcome = "all came back as they were" if figures["lossless"] else f"{lost} DID NOT come back as they were"
    return [
        f"codec {codec} ({codecs.name(codec)}), {figures['lines']} lines: {outcome}",
        "         mean     median   95 %",
        f"bits     {figures['bits_mean']:<8.2f} {figures['bits_median']:<8.1f} {figures['bits_p95']:.1f}"
        f"   (exact, mean: {figures['ideal_bits_mean']:.2f})",
        f"bytes    {figures['bytes_mean']:<8.2f} {figures['bytes_median']:<8.1f} {figures['bytes_p95']:.1f}",
        f"encode {figures['encode_ms_mean']:.2f} ms, decode {figures['decode_ms_mean']:.2f} ms a line",
    ]
